#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# HTTP/1.0 clients, with and without keep-alive, get hits and misses as they
# must: no chunks, a length or the end of the connection.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Combine;

my $c = QC::Combine->new(routes => {
    '/chunked' => { size => 150_000, chunked => 5000 },
    '/*' => { size => 150_000 },
}, server => <<'EOF');
        location / {
            proxy_http_version 1.1;
            proxy_pass http://%%UP%%;
        }
EOF

$c->each_zone(sub {
    for my $uri ('/length', '/chunked') {
        $c->miss($uri, version => '1.0');

        my $r = $c->hit($uri, version => '1.0');
        is($r->header('Transfer-Encoding'), undef, "$uri: no chunks");
        is($r->header('Content-Length'), 150_000, "$uri: a length");
        ok($r->closes, "$uri: the connection ends");

        my $client = $c->t->client;
        for my $again (1, 2) {
            $r = $c->ask('GET', $uri, client => $client, version => '1.0',
                headers => [Connection => 'keep-alive']);
            is($r->header('X-Cache'), 'HIT', "$uri: a hit, keep-alive");
            is($r->body_length, 150_000, "$uri: complete");
            ok(!$r->closes, "$uri: the connection stays");
        }

        $r = $c->hit($uri);
        is($r->header('Content-Length'), 150_000, "$uri: HTTP/1.1: a length");
        is($c->up->count($uri), 1, "$uri: one request");
    }
});

$c->done;
