#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# add_header, expires and charset work on a hit as on a miss, each once:
# what they add is not stored, so that a change of the configuration shows.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Combine;

my $c = QC::Combine->new(routes => {
    '/own/*' => { size => 70_000, headers => ['Content-Type' => 'text/html',
        'Cache-Control' => 'max-age=600', 'Expires' =>
        'Thu, 01 Jan 2099 00:00:00 GMT', 'X-Own' => 'a', 'X-Own' => 'b'] },
    '/*'     => { size => 70_000, headers => ['Content-Type' => 'text/html'] },
}, server => <<'EOF');
        location / {
            charset utf-8;
            expires 1h;
            add_header X-Cache $query_cache_status always;
            add_header X-Added $arg_added;
            add_header Cache-Control public;
            query_cache_key args=;
            proxy_pass http://%%UP%%;
        }

        location /own/ {
            expires $arg_expires;
            add_header X-Cache $query_cache_status always;
            query_cache_key args=;
            proxy_pass http://%%UP%%;
        }
EOF

sub fields {
    my ($r, @names) = @_;

    return join '; ', map { "$_: " . join ' + ', $r->header_all($_) } @names;
}

$c->each_zone(sub {
    my $miss = $c->miss('/a?added=1');
    my $hit = $c->hit('/a?added=1');

    for my $r ($miss, $hit) {
        is(fields($r, qw/Content-Type Cache-Control X-Added/),
            'Content-Type: text/html; charset=utf-8; '
            . 'Cache-Control: max-age=3600 + public; X-Added: 1',
            $r->header('X-Cache') . ': each once');
        is(scalar(my @l = $r->header_all('Expires')), 1, 'Expires once');
    }

    is($c->ask('GET', '/a?added=2')->header('X-Added'), '2',
        'of this request');

    $miss = $c->miss('/own/a?expires=off');
    $hit = $c->hit('/own/a?expires=off');

    for my $r ($miss, $hit) {
        is(fields($r, qw/Cache-Control Expires X-Own/),
            'Cache-Control: max-age=600; '
            . 'Expires: Thu, 01 Jan 2099 00:00:00 GMT; X-Own: a + b',
            $r->header('X-Cache') . ': as the upstream sent them');
    }

    my $r = $c->ask('GET', '/own/a?expires=5m');
    is(fields($r, qw/X-Cache Cache-Control/),
        'X-Cache: HIT; Cache-Control: max-age=300', 'replaced');
    is(scalar(my @l = $r->header_all('Expires')), 1, 'Expires once');
});

$c->done;
