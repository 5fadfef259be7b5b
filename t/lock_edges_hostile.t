#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Whatever the key of a lock in Redis holds, the request is answered, and no
# key stays without a time to live.


use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Collapse;
use QC::Edges;
use QC::FakeS3;
use QC::Nginx;
use QC::Services qw/redis/;
use QC::Upstream;

my $redis = redis();
my $s3 = QC::FakeS3->start(port => port('s3'));
my $up = QC::Upstream->start(port => port('up'), routes => {
    '/x' => sub {
        my ($req, $n) = @_;
        return { body => 'rows', headers => ['Cache-Control' => 'no-store'],
            $n == 1 ? (gate => 'first') : () };
    },
});

my ($here) = edges($redis, 'query_cache_hit_for_miss 0;');

my $first = at($here, '/x');
ok($up->wait_at('first'), 'a lock');
my ($key) = keys %{{ locks($redis) }};
$up->release('first');
is(said(answers($first)), '1 MISS', 'its fill');
ok(wait_until(sub { !locks($redis) }), 'nothing is left');

my $token = 'a' x 32;

for (
    ['no token', 'failed', 'SET', $key, 'x', 'PX', 60000],
    ['upper case', 'failed', 'SET', $key, 'A' x 32, 'PX', 60000],
    ['long', 'failed', 'SET', $key, 'a' x 100, 'PX', 60000],
    ['empty', 'failed', 'SET', $key, '', 'PX', 60000],
    ['a hash', 'failed', 'HSET', $key, 'a', 'b'],
    ['a list', 'failed', 'RPUSH', $key, 'a'],
    ['a mark', 'alone', 'SET', $key, '-', 'PX', 60000],
    ['a mark for ever', 'held', 'SET', $key, '-'],
    ['a token for ever', 'held', 'SET', $key, $token],
    ['rubbish for ever', 'held', 'SET', $key, "\r\n"],
) {
    my ($name, $counter, @command) = @$_;

    my $before = counted($here, "remote_$counter");
    $redis->cli('DEL', $key);
    $redis->cli(@command);

    is(said(answers(at($here, '/x'))), '1 MISS', "$name: answered");
    is(counted($here, "remote_$counter"), $before + 1, "$name: $counter");

    next if $counter ne 'held';
    ok(wait_until(sub { !locks($redis) }), "$name: replaced, and released");
}

is(counted($here, 'down', 'redis'), 0, 'Redis is not set aside');
ok($here->error_log(qr/does not hold a valid lock/), 'in the log');

done_testing();
