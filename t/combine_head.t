#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# HEAD is answered from the entry of GET, with the header of GET and without
# reading the body store; a HEAD that misses stores nothing.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Combine;

my $c = QC::Combine->new(routes => { '/*' => { size => 120_000, headers => [
    'Content-Type' => 'text/plain; charset=utf-8', ETag => '"1"',
    'Last-Modified' => 'Thu, 01 Jan 2026 00:00:00 GMT', 'X-A' => 'b'] } },
    server => <<'EOF');
        location / {
            proxy_pass http://%%UP%%;
        }
EOF

sub header {
    my ($r) = @_;

    return join '', map { "$_->[0]: $_->[1]\n" }
        grep { $_->[0] ne 'Date' } @{$r->headers};
}

$c->each_zone(sub {
    my $stored = $c->stats('store', 'stored');

    for (1, 2) {
        my $r = $c->ask('HEAD', '/a');
        is($r->header('X-Cache'), 'MISS', 'a miss each time');
        is($r->header('Content-Length'), 120_000, 'the length');
    }

    is($c->stats('store', 'stored'), $stored, 'not stored');

    $c->miss('/a');
    my $get = $c->hit('/a');
    my $reads = $c->reads;

    for my $version ('1.1', '1.0') {
        my $r = $c->ask('HEAD', '/a', version => $version);
        is($r->header('X-Cache'), 'HIT', "HTTP/$version: a hit");
        is($r->header('Content-Length'), 120_000, 'the length');
        is(header($r), header($get), 'the header of GET');
    }

    for my $range ('0-9', '120000-') {
        my $r = $c->ask('HEAD', '/a', headers => [Range => "bytes=$range"]);
        is($r->status, 200, 'a range is for GET alone');
        is($r->header('Content-Length'), 120_000, 'the length');
    }

    is($c->reads, $reads, 'the body was not read');
    is($c->up->count(qr/^GET/), 1, 'one GET');
    is($c->up->count(qr/^HEAD/), 2, 'two HEAD');

    # what comes next on the connection is not mixed up
    my $client = $c->t->client;
    $c->ask('HEAD', '/a', client => $client);
    is($c->ask('GET', '/a', client => $client)->body_md5, $get->body_md5,
        'GET after HEAD');
});

$c->done;
