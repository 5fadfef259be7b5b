#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# HTTP/2: hits and misses of several streams at once, HEAD, ranges and
# conditions are those of HTTP/1.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Digest::MD5 qw/md5_hex/;

use QC::Combine;
use QC::Body;
use QC::Nginx;

my $c = QC::Combine->new(has => ['v2'], no_run => 1, routes => {
    '/*' => { size => 400_000, kind => 'random', headers => [ETag => '"1"'] },
}, server => <<'EOF');
        listen 127.0.0.1:%%PORT_h2%% http2;

        location / {
            proxy_pass http://%%UP%%;
        }
EOF

$c->t->run;

my $md5 = QC::Body->new(size => 400_000, kind => 'random')->md5;
my $n = 0;

sub headers {
    return ('-H', 'Host: localhost', '-H', 'X-Zone: ' . $c->zone);
}

sub h2 {
    my ($uri, @arguments) = @_;

    $n++;
    my $r = curl('--http2-prior-knowledge', headers(),
        @arguments, 'http://127.0.0.1:' . port('h2') . $uri);
    is($r->{exit}, 0, "$uri @arguments: complete") or diag($r->{err});
    ($r->{cache}) = $r->{head} =~ /^x-cache: (\w+)/m;

    return $r;
}

$c->each_zone(sub {
    $c->miss('/a');

    my $r = h2('/a');
    like($r->{head}, qr{^HTTP/2 200}, 'HTTP/2');
    is($r->{cache}, 'HIT', 'an entry of HTTP/1: a hit');
    is(md5_hex($r->{body}), $md5, 'the body');

    is(h2('/b')->{cache}, 'MISS', 'a miss');
    ok(wait_until(sub { $c->stats('store', 'stored') >= 2 }), 'stored');
    is(md5_hex(h2('/b')->{body}), $md5, 'a hit');
    $c->hit('/b');

    $r = h2('/a', '-I');
    like($r->{head}, qr/^content-length: 400000\r$/m, 'HEAD');
    is(h2('/a', '-r', '10-19')->{status}, 206, 'a range');
    is(h2('/a', '-r', '400000-')->{status}, 416, 'a range beyond the end');
    is(h2('/a', '-H', 'If-None-Match: "1"')->{status}, 304, 'not modified');
    is(h2('/a', '-H', 'If-Match: "2"')->{status}, 412, 'a failed condition');
    is(md5_hex(h2('/a', '--limit-rate', '2M')->{body}), $md5, 'slowly');

    is($c->stats('request', 'broken'), 0, 'none is broken');
});

$c->done($n);
