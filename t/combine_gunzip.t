#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# What the upstream compressed is stored plain, so that no client gets an
# encoding it did not ask for; gunzip works as without the cache on a miss, and
# has nothing to do on a hit.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use IO::Compress::Gzip qw/gzip/;

use QC::Combine;
use QC::Nginx;

my $plain = 'a line of text ' x 5000;
gzip(\$plain, \my $packed);

my $c = QC::Combine->new(has => ['http_gunzip'], routes => {
    '/*' => { body => $packed, headers => ['Content-Encoding' => 'gzip'] },
}, server => <<'EOF');
        location / {
            gunzip on;
            proxy_set_header Accept-Encoding gzip;
            proxy_pass http://%%UP%%;
        }
EOF

sub hits {
    my ($name, $uri) = @_;

    ok(wait_until(sub { $c->stats('store', 'stored') }), "$name: stored");

    for my $accept ([], ['Accept-Encoding' => 'gzip']) {
        my $r = $c->ask('GET', $uri, headers => $accept);
        is($r->header('X-Cache'), 'HIT', "$name: a hit, @$accept");
        is($r->header('Content-Encoding'), undef, "$name: not compressed");
        ok($r->body eq $plain, "$name: the body");
    }
}

$c->each_zone(sub {
    my $r = $c->ask('GET', '/a');
    is($r->header('X-Cache'), 'MISS', 'a miss');
    is($r->header('Content-Encoding'), undef, 'not compressed');
    ok($r->body eq $plain, 'the body');
    hits('a miss', '/a');

    $r = $c->ask('GET', '/b', headers => ['Accept-Encoding' => 'gzip']);
    is($r->header('X-Cache'), 'MISS', 'a miss, compressed');
    is($r->header('Content-Encoding'), 'gzip', 'and said to be');
    ok($r->body eq $packed, 'as the upstream sent it');
    ok(wait_until(sub { $c->stats('store', 'stored') == 2 }), 'stored');
    hits('a miss, compressed', '/b');
});

$c->done;
