#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# sub_filter works on what is sent, also of a hit, also across the buffers
# of a streamed one; what is stored is what the upstream sent.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Combine;

my $line = 'the old name of the thing, in every line' . "\n";

my $c = QC::Combine->new(has => ['http_sub'], routes => {
    '/*' => { body => $line x 5000, headers => [ETag => '"1"',
        'Last-Modified' => 'Thu, 01 Jan 2026 00:00:00 GMT'] },
}, server => <<'EOF');
        location / {
            sub_filter 'old name' $arg_name;
            sub_filter_once off;
            sub_filter_types *;
            query_cache_key args=;
            proxy_pass http://%%UP%%;
        }
EOF

sub renamed { return $line =~ s/old name/$_[0]/r x 5000 }

$c->each_zone(sub {
    is($c->miss('/a?name=new')->body, renamed('new'), 'a miss');

    my $r = $c->hit('/a?name=new');
    is($r->body, renamed('new'), 'a hit');
    is($r->header('Content-Length'), undef, 'no length');
    is($r->header('Last-Modified'), undef, 'nothing of the original');

    $r = $c->ask('GET', '/a?name=other_one');
    is($r->header('X-Cache'), 'HIT', 'another name: a hit');
    is($r->body, renamed('other_one'), 'and its text');
    is($c->up->count, 1, 'one request');
});

$c->done;
