#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Conditions on a hit are answered as a static file answers them, but for
# If-Modified-Since beside If-None-Match, which does not count (RFC 9110
# section 13.1.3; nginx has both count). A 304 does not read the body store; a condition that fails is 412 and leaves nothing
# behind that goes on reading.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Combine;

my $c = QC::Combine->new(no_run => 1, server => <<'EOF', static => <<'EOF2');
        location / {
            proxy_pass http://127.0.0.1:%%PORT_static%%;
        }

        location /before {
            if_modified_since before;
            proxy_pass http://127.0.0.1:%%PORT_static%%;
        }

        location /off {
            if_modified_since off;
            proxy_pass http://127.0.0.1:%%PORT_static%%;
        }
EOF
        location /before {
            if_modified_since before;
        }

        location /off {
            if_modified_since off;
        }
EOF2

my $t = $c->t;
$t->write_file($_, 'x' x 150_000) for 'a', 'before', 'off';
$t->run;

my $static = $t->get('/a', port => 'static');
my $tag = $static->header('ETag');
my $date = $static->header('Last-Modified');
my $older = 'Thu, 01 Jan 2015 00:00:00 GMT';
my $newer = 'Thu, 01 Jan 2099 00:00:00 GMT';

my @conditions = (
    ['If-None-Match', $tag], ['If-None-Match', "W/$tag"],
    ['If-None-Match', "\"x\", $tag, \"y\""], ['If-None-Match', '*'],
    ['If-None-Match', '"x"'], ['If-None-Match', 'x'],
    ['If-Modified-Since', $date], ['If-Modified-Since', $older],
    ['If-Modified-Since', $newer], ['If-Modified-Since', 'nonsense'],
    ['If-None-Match', $tag, 'If-Modified-Since', $older],
    ['If-None-Match', '"x"', 'If-Modified-Since', $date],
    ['If-None-Match', $tag, 'If-Modified-Since', $date],
    ['If-None-Match', $tag, 'Range', 'bytes=0-9'],
    ['If-Match', $tag], ['If-Match', '*'], ['If-Match', '"x"'],
    ['If-Match', "W/$tag"],
    ['If-Unmodified-Since', $date], ['If-Unmodified-Since', $older],
    ['If-Unmodified-Since', $newer],
    ['If-Match', $tag, 'If-None-Match', $tag],
    ['If-Match', '"x"', 'If-None-Match', $tag],
    ['If-Match', '"x"', 'Range', 'bytes=0-9'],
);

sub seen {
    my ($r) = @_;

    return join "\n", $r->error, $r->status, $r->body_md5,
        map { "$_ " . ($r->header($_) // '-') } qw/Content-Type
        Content-Length Content-Range ETag Last-Modified/;
}

$c->each_zone(sub {
    for my $uri ('/a', '/before', '/off') {
        $c->miss($uri);

        for my $condition (@conditions) {
            for my $method ('GET', 'HEAD') {
                my $name = "$method $uri @$condition";
                my $reads = $c->reads;
                my @o = (headers => $condition);

                my $r = $c->ask($method, $uri, @o);
                is($r->header('X-Cache'), 'HIT', "$name: a hit")
                    if $r->status != 412;

                my @counts = @$condition;
                @counts = @counts[0, 1] if "@counts" =~ /None.*Since/;

                is(seen($r), seen($t->request($method, $uri,
                    headers => \@counts, port => 'static')),
                    "$name: as of the file");

                is($c->reads, $reads, "$name: body not read")
                    if $method eq 'HEAD' || $r->status == 304
                       && "@$condition" !~ /Match.*Match|Range/;
            }
        }
    }

    $c->hit('/a');
    is($c->stats('request', $_), 0, "none $_") for qw/broken fallback/;
});

$c->done;
