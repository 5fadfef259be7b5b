#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# A page with SSI is stored as the upstream sent it and put together for
# each request; what it includes is not looked up, for its subrequests share
# the client's request, and not stored.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Combine;

my $page = '[<!--# include virtual="/part" -->'
    . '<!--# echo var="arg_x" default="-" -->]' . '.' x 70_000;
my $whole = '[part1]' . '.' x 70_000;

my $c = QC::Combine->new(has => ['ssi'], routes => {
    '/page' => { body => $page },
    '/both' => { body => '<!--# include virtual="/part" wait="yes" -->'
        . '<!--# include virtual="/part?2" -->' },
    '/part' => sub { return { body => "part" } },
}, server => <<'EOF');
        location / {
            ssi on;
            ssi_types application/json;
            proxy_pass http://%%UP%%;
        }
EOF

my $n = 0;

$c->each_zone(sub {
    my $miss = $c->miss('/page?x=1');
    is($miss->body, $whole, 'put together');

    my $reads = $c->reads;
    is($c->hit('/page?x=1')->body, $whole, 'on a hit too');
    is($c->reads, $reads + 1, 'the page was read');

    is($c->up->count('/page'), 1, 'one request for the page');
    is($c->up->count('/part'), 2, 'two for the part');

    $c->miss('/both');
    is($c->hit('/both')->body, 'partpart', 'two parts');

    # what is asked for by itself is an entry, for such requests only
    $c->miss('/part');
    $c->hit('/part');
    $c->hit('/page?x=1');

    is($c->up->count('/part'), 8, 'the parts are never looked up');
    is($c->stats('request', 'miss'), 3, 'looked up: what was asked for');
    is($c->stats('store', 'stored'), 3, 'and stored');

    $n += 7;
});

$c->done($n);
