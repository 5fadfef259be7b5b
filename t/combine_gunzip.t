#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# What the upstream compressed is not stored, so that no client gets an
# encoding it did not ask for; gunzip works as without the cache.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use IO::Compress::Gzip qw/gzip/;

use QC::Combine;

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

$c->each_zone(sub {
    for my $n (1, 2) {
        my $r = $c->ask('GET', '/a');
        is($r->header('X-Cache'), 'MISS', 'a miss each time');
        is($r->header('Content-Encoding'), undef, 'not compressed');
        ok($r->body eq $plain, 'the body');

        $r = $c->ask('GET', '/a', headers => ['Accept-Encoding' => 'gzip']);
        is($r->header('X-Cache'), 'MISS', 'a miss, compressed');
        is($r->header('Content-Encoding'), 'gzip', 'and said to be');
        ok($r->body eq $packed, 'as the upstream sent it');
    }

    is($c->stats('reason', 'content_encoding'), 4, 'counted');
    is($c->stats('store', 'stored'), 0, 'not stored');
});

$c->done;
