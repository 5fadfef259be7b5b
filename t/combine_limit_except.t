#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# limit_except denies methods before the cache, also if there is an entry,
# and its configuration, merged into a location without a name, caches like
# the one around it.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Combine;

my $c = QC::Combine->new(routes => { '/*' => { size => 50_000 } },
    server => <<'EOF');
        query_cache_methods GET POST;

        location / {
            limit_except GET { deny all; }
            proxy_pass http://%%UP%%;
        }

        location /open/ {
            limit_except GET { allow all; }
            proxy_pass http://%%UP%%;
        }
EOF

$c->each_zone(sub {
    is($c->ask('POST', '/a', body => 'q')->status, 403, 'denied, no entry');

    $c->miss('/a');
    $c->hit('/a');

    my $r = $c->ask('POST', '/a', body => '');
    is($r->status, 403, 'denied, an entry');
    unlike($r->body, qr/"block"/, 'no body');
    is($c->up->count, 1, 'one request');

    for my $method ('GET', 'POST') {
        my %o = (method => $method, $method eq 'POST' ? (body => 'q') : ());

        $c->miss('/open/a', %o);
        $c->hit('/open/a', %o);
    }

    is($c->ask('DELETE', '/open/a')->header('X-Cache'), 'BYPASS',
        'a method that is not cached');
});

$c->done;
