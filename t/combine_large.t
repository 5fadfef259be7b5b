#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Large bodies, decoded faster or slower than they come and go: many
# megabytes of rows, some that do not compress, on HTTP/1 and HTTP/2, to
# several clients at once. A buffer that is used again too early shows in
# the checks.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Digest::MD5 qw/md5_hex/;

use QC::Combine;
use QC::Body;
use QC::Nginx;

my %sums = map { ($_->{path} => QC::Body->new(%$_)->md5) }
    my @bodies = ({ path => '/rows', size => 20_000_000 },
        { path => '/random', size => 4_000_000, kind => 'random' });

my $c = QC::Combine->new(has => ['v2'], routes => {
    map { ($_->{path} => $_) } @bodies }, server => <<'EOF');
        listen 127.0.0.1:%%PORT_h2%% http2;

        location / {
            query_cache_capture_buffer 1m;
            proxy_pass http://%%UP%%;
        }
EOF

my $n = 0;

$c->each_zone(sub {
    for my $path (sort keys %sums) {
        my $sum = $sums{$path};

        is($c->miss($path, discard => 1)->body_md5, $sum, "$path: a miss");
        $c->hit($path, discard => 1) for 1, 2;

        # three at once: two wait while one is read
        my @clients = map { $c->t->client } 1 .. 3;
        $_->send_request('GET', $path, headers => ['X-Zone' => $c->zone])
            for @clients;
        is($_->read_response(discard => 1)->body_md5, $sum,
            "$path: one of several") for @clients;

        my $r = curl('--http2-prior-knowledge', '-H', 'Host: localhost', '-H',
            'X-Zone: ' . $c->zone, 'http://127.0.0.1:' . port('h2') . $path);
        is(md5_hex($r->{body}), $sum, "$path: HTTP/2");

        $n += 4;
    }

    is($c->stats('request', 'broken'), 0, 'none is broken');
    is($c->stats('request', 'miss'), 2, 'two misses');
});

$c->done($n);
