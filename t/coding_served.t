#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Clients that accept the coding an answer is stored with get it as it is
# stored, and others the plain answer; and what is damaged in the store
# reaches neither.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use IO::Uncompress::Gunzip qw/gunzip/;

use QC::Body;
use QC::Combine;
use QC::Util qw/run_command/;

my $c = QC::Combine->new(routes => {
    '/*' => { size => 300_000, headers => [ETag => '"1"'] },
    '/small' => { body => 'x', headers => [ETag => '"2"'] },
    '/vary' => { size => 300_000, headers => [Vary => 'accept-encoding'] },
    '/vary2' => { size => 300_000, headers => [Vary => 'Authorization'] },
    '/404' => { status => 404, size => 300_000,
        headers => ['Cache-Control' => 'max-age=60'] },
}, server => <<'EOF');
        query_cache_serve_compressed on;
        proxy_set_header Accept-Encoding "";

        location / {
            proxy_pass http://%%UP%%;
        }

        location /gzip/ {
            query_cache_compress gzip;
            proxy_pass http://%%UP%%;
        }

        location /none/ {
            query_cache_compress none;
            proxy_pass http://%%UP%%;
        }

        location /off/ {
            query_cache_serve_compressed off;
            proxy_pass http://%%UP%%;
        }
EOF

my $plain = QC::Body->new(size => 300_000)->bytes;

# what is accepted, and whether that is zstd, gzip

my @accept = (
    ['zstd'                       => 1, 0],
    ['gzip'                       => 0, 1],
    ['gzip, deflate, br, zstd'    => 1, 1],
    ['ZSTD;Q=0.5, X-GZIP'         => 1, 1],
    ['zstd;q=0, gzip;q=0.000'     => 0, 0],
    ['*'                          => 1, 1],
    ['*;q=0'                      => 0, 0],
    ['*;q=0, zstd;q=0.001'        => 1, 0],
    ['identity, zstd;q=0.9, gzip' => 0, 1],
    ['identity;q=0.5, *;q=0.5'    => 1, 1],
    ['identity;q=0.5, *;q=0.4'    => 0, 0],
    ['zstd;q=1.1, gzip;q=x'       => 0, 0],
    ['zstd;level=3, gzip;q=1.000' => 0, 1],
    ['zstdx, xgzip'               => 0, 0],
    ['br'                         => 0, 0],
    [''                           => 0, 0],
);

sub get {
    my ($uri, $accept, @o) = @_;

    return $c->ask('GET', $uri, headers => ['Accept-Encoding' => $accept,
        @o]);
}

sub unpacked {
    my ($coding, $bytes) = @_;
    my $out;

    if ($coding eq 'gzip') {
        gunzip(\$bytes, \$out);

    } else {
        $out = run_command(['zstd', '-dc'], input => $bytes,
            timeout => 20)->{out};
    }

    return $out;
}

sub coded {
    my ($name, $r, $coding) = @_;

    is($r->header('X-Cache'), 'HIT', "$name: a hit");
    is($r->header('Content-Encoding'), $coding, "$name: $coding");
    is($r->header('Vary'), 'Accept-Encoding', "$name: said so");
    is($r->header('ETag'), 'W/"1"', "$name: a weak tag");
    is($r->header('Accept-Ranges'), undef, "$name: no ranges of it");
    is($r->header('Content-Length'), length $r->body, "$name: its length");
    cmp_ok(length $r->body, '<', 200_000, "$name: short");
    ok(unpacked($coding, $r->body) eq $plain, "$name: the body");
}

sub identity {
    my ($name, $r, $vary) = @_;

    is($r->header('X-Cache'), 'HIT', "$name: a hit");
    is($r->header('Content-Encoding'), undef, "$name: plain");
    is($r->header('Vary'), $vary, "$name: vary");
    is($r->header('ETag'), '"1"', "$name: a strong tag");
    ok($r->body eq $plain, "$name: the body");
}

$c->each_zone(sub {
    my $r = $c->miss('/a');
    is($r->header('Vary'), 'Accept-Encoding', 'a miss says so, too');
    is($r->header('ETag'), '"1"', 'its tag is strong');

    $c->miss('/gzip/a');

    for my $row (@accept) {
        my ($accept, $zstd, $gzip) = @$row;

        $zstd ? coded("zstd: $accept", get('/a', $accept), 'zstd')
              : identity("zstd: $accept", get('/a', $accept),
                  'Accept-Encoding');
        $gzip ? coded("gzip: $accept", get('/gzip/a', $accept), 'gzip')
              : identity("gzip: $accept", get('/gzip/a', $accept),
                  'Accept-Encoding');
    }

    # conditions, ranges, HEAD

    $r = get('/a', 'zstd', 'If-None-Match' => 'W/"1"');
    is($r->status, 304, 'the weak tag is known');
    is($r->header('ETag'), 'W/"1"', 'and is what it says');

    is(get('/a', 'zstd', 'If-None-Match' => '"2"')->status, 200,
        'another is not');

    $r = get('/a', 'zstd', Range => 'bytes=10-19');
    is($r->status, 206, 'a range');
    is($r->header('Content-Encoding'), undef, 'of the plain body');
    is($r->body, substr($plain, 10, 10), 'its bytes');

    is(get('/a', 'zstd', 'If-Match' => '"1"')->header('Content-Encoding'),
        undef, 'strong comparison is of the plain body');

    my $length = get('/a', 'zstd')->header('Content-Length');
    $r = $c->ask('HEAD', '/a', headers => ['Accept-Encoding' => 'zstd']);
    is($r->header('Content-Encoding'), 'zstd', 'HEAD: the same');
    is($r->header('Content-Length'), $length, 'HEAD: its length');

    # what is not stored so

    $c->miss('/none/a');
    identity('none', get('/none/a', 'zstd, gzip'), undef);

    $c->miss('/off/a');
    identity('off', get('/off/a', 'zstd'), undef);

    $c->miss('/small');
    $r = get('/small', 'zstd');
    is($r->header('X-Cache'), 'HIT', 'a byte');
    is($r->header('Content-Encoding') ? unpacked('zstd', $r->body)
        : $r->body, 'x', 'is that byte');

    $c->miss('/404');
    $r = get('/404', 'zstd');
    is($r->header('X-Cache'), 'HIT', 'not a 200');
    is($r->header('Content-Encoding'), undef, 'is plain');

    # what is damaged is fetched anew, as it is

    if ($c->zone eq 's3_held') {
        $c->s3->fault('flip', match => qr/^GET/);
        $r = get('/a', 'zstd');
        is($r->header('X-Cache'), 'MISS', 'a damaged object');
        is($r->header('Content-Encoding'), undef, 'the answer is plain');
        is($r->header('ETag'), '"1"', 'its tag is strong');
        ok($r->body eq $plain, 'its body');
    }

    # upstream's own Vary

    $c->miss('/vary');
    is_deeply([get('/vary', 'zstd')->header_all('Vary')],
        ['accept-encoding'], 'vary is not said twice');
    $c->miss('/vary2');
    is_deeply([sort(get('/vary2', 'zstd')->header_all('Vary'))],
        ['Accept-Encoding', 'Authorization'], 'but besides others');
});

$c->done;
