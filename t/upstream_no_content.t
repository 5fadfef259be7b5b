#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# 204 has no body, and nginx need not call a body filter for it: an answer
# with a lifetime is stored all the same, in each kind of zone, and its hit
# has neither a body nor a length, so that the connection stays usable.  What
# comes behind a 204 is not stored, nor is one where bodies have rules they
# cannot keep.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Combine;
use QC::Nginx;

my @fresh = ('Cache-Control' => 'max-age=60', 'X-Kept' => 'yes');
my $none = { status => 204, headers => [@fresh] };

my $c = QC::Combine->new(has => ['v2'], no_run => 1, routes => {
    '/*' => $none,
    '/plain/*' => $none,
    '/tagged' => { status => 204, headers => [@fresh, ETag => '"1"',
        'Last-Modified' => 'Mon, 28 Sep 2020 06:00:00 GMT'] },
    '/typed' => { status => 204, headers => [@fresh, 'Content-Type' =>
        'application/json', 'Content-Length' => 0] },
    '/coded' => { status => 204, headers => [@fresh, 'Content-Encoding' =>
        'gzip'] },
    '/behind' => { raw => "HTTP/1.1 204 No Content\r\nCache-Control: "
        . "max-age=60\r\nX-Kept: yes\r\n\r\nbytes" },
    '/no-life' => { status => 204 },
}, server => <<'EOF');
        listen 127.0.0.1:%%PORT_h2%% http2;
        proxy_http_version 1.1;

        location / {
            proxy_pass http://%%UP%%;
        }

        location /unbuffered/ {
            proxy_buffering off;
            proxy_pass http://%%UP%%;
        }

        location /sized/ {
            query_cache_min_size 1;
            proxy_pass http://%%UP%%;
        }

        location /rule/ {
            query_cache_integrity text=ok;
            proxy_pass http://%%UP%%;
        }

        location /plain/ {
            query_cache off;
            proxy_pass http://%%UP%%;
        }
EOF

$c->t->run;

my $n = 0;

# 204 and nothing else, twice on one connection

sub none {
    my ($name, $client, $method, $uri, $cache, @headers) = @_;

    for my $time (1, 2) {
        my $r = $c->ask($method, $uri, client => $client,
            headers => \@headers);

        is($r->status, 204, "$name, $time: 204");
        is($r->error, '', "$name, $time: it ends");
        is($r->body, '', "$name, $time: no body");
        is($r->header('X-Cache'), $cache, "$name, $time: $cache");
        is($r->header('X-Kept'), 'yes', "$name, $time: its fields");
        is($r->header($_), undef, "$name, $time: no $_")
            for qw/Content-Length Transfer-Encoding Content-Encoding
            Accept-Ranges Content-Range/;
    }
}

sub wait_stored {
    my ($name, $count) = @_;

    ok(wait_until(sub { $c->stats('store', 'stored') >= $count }),
        "$name: stored");
}

$c->each_zone(sub {
    my $client = $c->t->client;
    my $stored = $c->stats('store', 'stored');

    for my $uri (qw{/a /unbuffered/a /tagged /typed /coded}) {
        my $r = $c->ask('GET', $uri);

        is($r->status, 204, "$uri: a miss");
        is($r->header('X-Cache'), 'MISS', "$uri: it is one");
        wait_stored($uri, ++$stored);

        none($uri, $client, 'GET', $uri, 'HIT');
    }

    none('HEAD', $client, 'HEAD', '/a', 'HIT');
    none('a range', $client, 'GET', '/a', 'HIT', Range => 'bytes=0-0');
    none('a condition', $client, 'GET', '/tagged', 'HIT',
        'If-None-Match' => '"1"');
    none('a coding', $client, 'GET', '/a', 'HIT',
        'Accept-Encoding' => 'zstd, gzip');

    my $r = $c->ask('GET', '/a', version => '1.0');
    is($r->status, 204, 'HTTP/1.0');
    is($r->header('X-Cache'), 'HIT', 'HTTP/1.0: a hit');
    is($r->body, '', 'HTTP/1.0: no body');

    # HTTP/2: a miss and its hit

    for my $cache (qw/MISS HIT/) {
        $r = curl('--http2-prior-knowledge', '-H', 'Host: localhost', '-H',
            'X-Zone: ' . $c->zone, 'http://127.0.0.1:' . port('h2') . '/h2');
        $n++;

        is($r->{exit}, 0, "HTTP/2, $cache: complete");
        is($r->{status}, 204, "HTTP/2, $cache: 204");
        like($r->{head}, qr/^x-cache: $cache\r$/m, "HTTP/2, $cache: is it");
        unlike($r->{head}, qr/^content-length/m, "HTTP/2, $cache: no length");
        wait_stored("HTTP/2, $cache", $stored + 1);
    }

    $stored++;

    # not stored

    for my $uri (qw{/no-life /sized/a /rule/a}) {
        none("$uri, no entry", $client, 'GET', $uri, 'MISS')
            if $uri ne '/no-life';
        is($c->ask('GET', $uri)->header('X-Cache'), 'MISS',
            "$uri: not stored");
    }

    is($c->stats('store', 'stored'), $stored, 'nothing else is stored');

    # what comes behind is of nobody, with or without it

    $c->ask('GET', '/behind');
    $r = $c->ask('GET', '/behind');
    is($r->status, 204, 'bytes behind it: 204');
    is($r->body, '', 'bytes behind it: not in it');

    is($c->stats('store', 'failed'), 0, 'no store failed');
});

$c->done($n);
