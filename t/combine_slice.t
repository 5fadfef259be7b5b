#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# slice asks for the parts of an answer itself: what comes is 206, so
# nothing is stored, and the client gets the whole, or the range, it asked
# for.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Combine;
use QC::Body;

my $c = QC::Combine->new(no_run => 1, has => ['http_slice'],
    server => <<'EOF', static => '');
        location / {
            slice 64k;
            proxy_set_header Range $slice_range;
            proxy_pass http://127.0.0.1:%%PORT_static%%;
        }

        location /static/ {
            slice 64k;
            alias %%TESTDIR%%/;
        }
EOF

my $body = QC::Body->new(size => 300_000)->bytes;
$c->t->write_file('a', $body);
$c->t->run;

my $n = 0;

$c->each_zone(sub {
    for (1, 2) {
        my $r = $c->ask('GET', '/a');
        is($r->header('X-Cache') . ' ' . $r->status, 'MISS 200', 'a miss');
        ok($r->body eq $body, 'the whole');

        $r = $c->ask('GET', '/a', headers => [Range => 'bytes=70000-200000']);
        is($r->header('X-Cache') . ' ' . $r->status, 'MISS 206', 'a range');
        ok($r->body eq substr($body, 70000, 130001), 'of these bytes');
    }

    is($c->stats('store', 'stored'), 0, 'nothing is stored');

    # slices are asked for by subrequests: 4 of the whole, 2 of the range
    $n += 2 * (4 + 2);

    $c->miss('/static/a');
    ok($c->hit('/static/a')->body eq $body, 'no slices upstream: a hit');
    is($c->ask('GET', '/static/a', headers => [Range => 'bytes=1-2'])->body,
        substr($body, 1, 2), 'and a range');
});

$c->done($n);
