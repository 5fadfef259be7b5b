#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Over TLS, with HTTP/1 and HTTP/2, hits and misses are those without TLS.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Digest::MD5 qw/md5_hex/;

use QC::Combine;
use QC::Body;
use QC::Nginx;
use QC::TLS;

my $c = QC::Combine->new(has => ['ssl', 'v2'], no_run => 1, routes => {
    '/*' => { size => 400_000, kind => 'random' },
}, server => <<'EOF');
        listen 127.0.0.1:%%PORT_tls%% ssl http2;
        ssl_certificate %%TESTDIR%%/crt;
        ssl_certificate_key %%TESTDIR%%/key;

        location / {
            proxy_pass http://%%UP%%;
        }
EOF

my $ca = QC::TLS->ca($c->t->testdir);
my ($crt, $key) = $ca->cert('localhost');
$c->t->write_file(crt => slurp($crt))->write_file(key => slurp($key));
$c->t->run;

my $md5 = QC::Body->new(size => 400_000, kind => 'random')->md5;
my $n = 0;

sub tls {
    my ($uri, @arguments) = @_;

    my @headers = ('-H', 'Host: localhost', '-H', 'X-Zone: ' . $c->zone);

    $n++;
    my $r = curl('--cacert', $ca->file, @headers,
        @arguments, 'https://127.0.0.1:' . port('tls') . $uri);
    is($r->{exit}, 0, "$uri @arguments: complete") or diag($r->{err});
    ($r->{cache}) = $r->{head} =~ /^x-cache: (\w+)/mi;

    return $r;
}

$c->each_zone(sub {
    my $stored = 0;

    for my $version ('--http1.1', '--http2') {
        my $uri = "/$version";

        is(tls($uri, $version)->{cache}, 'MISS', "$version: a miss");
        $stored++;
        ok(wait_until(sub { $c->stats('store', 'stored') >= $stored }),
            'stored');

        my $r = tls($uri, $version);
        is($r->{cache}, 'HIT', "$version: a hit");
        is(md5_hex($r->{body}), $md5, "$version: the body");
        is(tls($uri, $version, '-r', '0-9')->{status}, 206,
            "$version: a range");
        is(md5_hex(tls($uri, $version, '--limit-rate', '2M')->{body}), $md5,
            "$version: slowly");

        $c->hit($uri);
    }

    # many streams of one connection: entries, and what is not there yet
    my @files = map { $c->t->testdir . "/out$_" } 1 .. 20;
    my @each = map { ('-o', $files[$_ - 1], 'https://127.0.0.1:'
        . port('tls') . ($_ % 4 ? '/--http2' : "/c$_")) } 2 .. 20;

    is(tls('/c1', '--http2', '-Z', '-o', $files[0], @each)->{exit}, 0,
        'many at once');
    $n += @files - 1;

    is(md5_hex(slurp($_)), $md5, 'each is whole') for @files;
    unlink @files;

    is($c->stats('request', 'broken'), 0, 'none is broken');
});

$c->done($n);
