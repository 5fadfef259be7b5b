#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# add_before_body and add_after_body put their subrequests around a hit as
# around a miss, in order and complete, and are not stored with it.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Combine;
use QC::Nginx;

my $c = QC::Combine->new(has => ['http_addition'], routes => {
    '/before' => { body => '[before]', headers => [
        'Content-Type' => 'text/html'] },
    '/after'  => { body => '[after]' x 20_000, headers => [
        'Content-Type' => 'text/html'] },
    '/*'      => { body => 'text ' x 50_000, headers => [
        'Content-Type' => 'text/html'] },
}, server => <<'EOF');
        location / {
            add_before_body /before;
            add_after_body /after;
            proxy_pass http://%%UP%%;
        }

        location = /before {
            proxy_pass http://%%UP%%;
        }

        location = /after {
            proxy_pass http://%%UP%%;
        }
EOF

my $whole = '[before]' . 'text ' x 50_000 . '[after]' x 20_000;
my $n = 0;

$c->each_zone(sub {
    is($c->miss('/a')->body, $whole, 'a miss: in order');

    for my $n (1, 2) {
        my $r = $c->hit('/a');
        is($r->body, $whole, 'a hit: in order');
        is($r->header('Content-Length'), undef, 'no length');
    }

    is($c->hit('/a', version => '1.0')->body, $whole, 'HTTP/1.0');
    $n += 2 * 4;

    my $client = QC::Client->new(port => port('slow'), rcvbuf => 65536);
    is($c->ask('GET', '/a', client => $client, rate => 4_000_000,
        headers => [Connection => 'close'])->body, $whole, 'a slow reader');
    $n += 2;

    my $reads = $c->reads;
    $c->ask('HEAD', '/a');
    is($c->reads, $reads, 'HEAD');

    is($c->up->count('/a'), 1, 'one request');
    is($c->stats('request', 'miss'), 1, 'what is added is not looked up');
    is($c->stats('store', 'stored'), 1, 'nor stored');
});

$c->done($n);
