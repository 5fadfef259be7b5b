#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Ranges of a hit are those of the static file it came from: one, the last
# bytes, none that can be satisfied, several, with If-Range; a miss passes
# them on and stores nothing that is not whole. Of a streamed hit several
# ranges are the whole body, as is allowed.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Digest::MD5 qw/md5_hex/;

use QC::Combine;
use QC::Body;

my $size = 200_000;

my $c = QC::Combine->new(no_run => 1, server => <<'EOF', static => '');
        location / {
            proxy_pass http://127.0.0.1:%%PORT_static%%;
        }
EOF

$c->t->write_file('a', QC::Body->new(size => $size,
    kind => 'random')->bytes);
$c->t->run;

my $static = $c->t->get('/a', port => 'static');
my $tag = $static->header('ETag');
my $date = $static->header('Last-Modified');

my @ranges = map { ["bytes=$_"] } '0-99', '0-', '100-100', '150000-',
    '199999-199999', '199999-300000', '-1', '-50000', '-300000', '0-199999',
    '200000-', '300000-400000', '-0', '5-2', 'x', '0-9,100-109',
    '-5,10-19,500-599', '0-9,300000-300009', '300000-,400000-', '0-,0-,0-';

push @ranges, ['lines=1-2'],
    ['bytes=10-19', 'If-Range' => $tag],
    ['bytes=10-19', 'If-Range' => '"other"'],
    ['bytes=10-19', 'If-Range' => $date],
    ['bytes=10-19', 'If-Range' => 'Thu, 01 Jan 2015 00:00:00 GMT'];

# what a client sees of an answer, but the boundary of its parts

sub seen {
    my ($r) = @_;

    my $type = $r->header('Content-Type') // '';
    my $boundary = $type =~ /boundary=(\w+)/ ? $1 : "\n\n";

    my $text = join "\n", $r->status, $r->error, map { "$_ "
        . ($r->header($_) // '-') } qw/Content-Type Content-Length
        Content-Range Accept-Ranges ETag Last-Modified/;

    return ($text . "\n" . md5_hex($r->body =~ s/$boundary/-/gr))
        =~ s/$boundary/-/gr;
}

$c->each_zone(sub {
    my $r = $c->ask('GET', '/a', headers => [Range => 'bytes=0-9']);
    is($r->header('X-Cache') . ' ' . $r->status, 'MISS 206', 'a miss');
    $c->miss('/a');
    is(seen($c->hit('/a')), seen($static), 'the whole');

    for my $range (@ranges) {
        my @headers = (Range => @$range);
        my $want = $c->t->get('/a', port => 'static', headers => \@headers);

        # RFC 9110 section 14.2: that is to be ignored; nginx answers 416
        $want = $static if $range->[0] =~ /=(?:5-2|x)$/;

        $want = $static if $c->zone =~ /streamed/ && $range->[0] =~ /,/
            && $want->status == 206
            && ($want->header('Content-Type') // '') =~ /multipart/;

        $r = $c->ask('GET', '/a', headers => \@headers);
        is($r->header('X-Cache'), 'HIT', "@$range: a hit");
        is(seen($r), seen($want), "@$range: as of the file");
    }

    is($c->stats('request', 'broken'), 0, 'none is broken');
    is(scalar(my @l = $c->t->access_log(qr/^MISS/)), 2, 'two misses')
        if $c->zone eq 'disk_held';
});

$c->done;
