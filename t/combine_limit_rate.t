#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# A hit that the client takes slowly, by limit_rate or by itself, is
# complete, though the body store would not wait that long.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Combine;
use QC::Nginx;

my $c = QC::Combine->new(routes => {
    '/*' => { size => 900_000, kind => 'random' },
}, server => <<'EOF');
        location / {
            limit_rate $arg_rate;
            query_cache_key args=;
            proxy_pass http://%%UP%%;
        }
EOF

$c->each_zone(sub {
    $c->miss('/a?rate=0');

    # both longer than s3_read_timeout
    $c->hit('/a?rate=1200k');
    is($c->ask('GET', '/a?rate=0', rate => 2_000_000,
        client => QC::Client->new(port => port('slow'), rcvbuf => 65536),
        headers => [Connection => 'close'])->body_length,
        900_000, 'a slow reader');

    is($c->stats('request', 'broken'), 0, 'none is broken');
    is($c->stats('request', 'fallback'), 0, 'none fell back');
    is($c->up->count, 1, 'one request');
});

$c->done;
