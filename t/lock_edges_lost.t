#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# When nobody is told of the end of a fill, who waits for it finds it himself;
# where Redis has lost the lock, one more runs the upstream.  A subscription
# that was lost is made anew.  A user who has no right to locks has the cache,
# and collapsing in each nginx, all the same.


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
    map { my $name = $_; ("/$name" => { gate => $name, body => $name,
        headers => [fresh()] }) } qw/again mute gone denied/,
});

my ($here, $there) = edges($redis);

sub begin {
    my ($name) = @_;

    my $waited = counted($there, 'remote_waited');
    my $fill = at($here, "/$name");
    ok($up->wait_at($name), "$name: one runs the upstream");
    my @others = many($there, 3, "/$name");
    ok(counts($there, 'remote_waited', $waited + 1), "$name: others wait");

    return ($fill, @others);
}

# it is lost while they wait

my ($fill, @others) = begin('again');
$redis->cli('CLIENT', 'KILL', 'TYPE', 'pubsub');
ok(counts($_, 'subscribed', 2), 'again: subscribed') for $here, $there;
my $notified = counted($there, 'notified');
$up->release('again');
is(said(answers($fill, @others)), '3 HIT, 1 MISS', 'again: answered');
ok(counted($there, 'notified') > $notified, 'again: told');

# nobody may publish, nor listen

($fill, @others) = begin('mute');
$redis->cli('ACL', 'SETUSER', 'default', 'resetchannels');
$redis->cli('CLIENT', 'KILL', 'TYPE', 'pubsub');
ok(counts($there, 'unsubscribed', 1), 'mute: no subscription');
ok($there->wait_log(qr/the subscription to redis .* is set aside/),
    'mute: in the log');
$notified = counted($there, 'notified');
$up->release('mute');
is(said(answers($fill, @others)), '3 HIT, 1 MISS', 'mute: answered');
is($up->hits('/mute'), 1, 'mute: the upstream was asked once');
is(counted($there, 'notified'), $notified, 'mute: not told');
is(counted($_, 'down', 'redis'), 0, 'mute: Redis is not set aside')
    for $here, $there;

my $subscribed = counted($there, 'subscribed');
$redis->cli('ACL', 'SETUSER', 'default', 'allchannels');
ok(counts($there, 'subscribed', $subscribed + 1), 'mute: subscribed again');
ok(counts($here, 'subscribed', $subscribed + 1), 'mute: here, too');

# the lock is gone

($fill, @others) = begin('gone');
$redis->cli('DEL', keys %{{ locks($redis) }});
ok($up->wait_at('gone', 2), 'gone: one more runs the upstream');
$up->release('gone');
is(said(answers($fill, @others)), '2 HIT, 2 MISS', 'gone: answered');
ok(wait_until(sub { !locks($redis) }), 'gone: no lock is left');

# locks are denied, or the key is not ours

$redis->cli('ACL', 'SETUSER', 'default', '-get');
my @fills = map { at($_, '/denied') } $here, $there;
ok($up->wait_at('denied', 2), 'denied: each runs the upstream');
@others = map { many($_, 3, '/denied') } $here, $there;
$up->release('denied');
is(said(answers(@fills, @others)), '6 HIT, 2 MISS', 'denied: answered');
is(counted($_, 'remote_failed'), 1, 'denied: counted') for $here, $there;
is(counted($_, 'down', 'redis'), 0, 'denied: Redis is not set aside')
    for $here, $there;

done_testing();
