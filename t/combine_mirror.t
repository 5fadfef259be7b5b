#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# mirror sends each request on, a hit too, with its body, while its own
# subrequest is neither looked up nor stored.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Digest::MD5 qw/md5_hex/;

use QC::Combine;

my $c = QC::Combine->new(has => ['mirror'],
    routes => { '/*' => { size => 80_000 } }, server => <<'EOF');
        query_cache_methods GET POST;

        location / {
            mirror /mirror;
            proxy_pass http://%%UP%%;
        }

        location = /mirror {
            internal;
            proxy_pass http://%%UP%%/copy$request_uri;
            log_subrequest off;
        }
EOF

$c->each_zone(sub {
    my $body = 'SELECT ' . 'x' x 20_000;

    $c->miss('/a');
    $c->hit('/a');
    $c->miss('/q', method => 'POST', body => $body);
    $c->hit('/q', method => 'POST', body => $body);

    ok($c->up->wait_requests("/copy$_", 2), "$_: mirrored twice")
        for '/a', '/q';
    is($c->up->count($_), 1, "$_: asked once") for '/a', '/q';

    my %sums = map { $_->{md5} => 1 } $c->up->requests('/copy/q'),
        $c->up->requests('/q');
    is_deeply([keys %sums], [md5_hex($body)], 'the same body everywhere');

    is($c->stats('request', 'miss'), 2, 'nothing else is looked up');
    is($c->stats('store', 'stored'), 2, 'nor stored');
});

$c->done;
