#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# "if" in a location: what it sets reaches the upstream and the key, and
# "query_cache off" inside of it switches the cache off for the requests it
# is true for, and for no others.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Combine;

my $c = QC::Combine->new(has => ['rewrite'], routes => {
    '/*' => sub { return { body => "in $_[0]{headers}{'x-lang'}" } },
}, server => <<'EOF');
        proxy_set_header X-Lang $lang;

        location / {
            set $lang en;
            if ($arg_lang) { set $lang $arg_lang; }
            if ($http_x_no_cache) { query_cache off; }

            query_cache_key args= lang=$lang;
            proxy_pass http://%%UP%%;
        }

        location /inside/ {
            set $lang inside;
            if ($http_x_pass) { proxy_pass http://%%UP%%; }
            proxy_pass http://%%UP%%;
        }
EOF

$c->each_zone(sub {
    $c->miss('/a');
    $c->hit('/a?x=1');
    is($c->miss('/a?lang=de')->body, 'in de', 'what "if" has set');
    $c->hit('/a?lang=de');
    is($c->hit('/a')->body, 'in en', 'what was set before');

    for my $n (3, 4) {
        my $r = $c->ask('GET', '/a', headers => ['X-No-Cache' => 1]);
        is($r->header('X-Cache'), undef, 'off in "if": not looked up');
        is($c->up->count('/a'), $n, 'off in "if": the upstream');
    }

    $c->hit('/a');
    is($c->stats('store', 'stored'), 2, 'what was off was not stored');

    $c->miss('/inside/a', headers => ['X-Pass' => 1]);
    $c->hit('/inside/a', headers => ['X-Pass' => 1]);
    is($c->up->count, 5, 'no other requests');
});

$c->done;
