#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Who may publish on the channel of fills can tell of ends that were none, as
# often as he likes: that costs lookups, and few of them, but no run of the
# upstream, and no answer that is not there yet.


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
    '/a' => { gate => 'a', body => 'rows', headers => [fresh()] },
});

my ($here, $there) = edges($redis);

my $fill = at($here, '/a');
ok($up->wait_at('a'), 'one runs the upstream');

my @others = map { many($_, 4, '/a') } $here, $there;
ok(counts($there, 'remote_waited', 1), 'others wait');

my ($key) = map { /~lock:(\w+)/ } keys %{{ locks($redis) }};
my ($channel) = grep { /~fills/ } split /\n/, $redis->cli('PUBSUB', 'CHANNELS');
ok($key && $channel, 'a key, and a channel');

# one of an end that is none: the waits are begun again

for my $what (qw/s l/) {
    my $waited = counted($there, 'remote_waited');
    $redis->cli('PUBLISH', $channel, "1 $key $what");
    ok(counts($there, 'remote_waited', $waited + 1), "$what: waits again");
}

# or of nothing to wait for: the key says otherwise

my $commands = counted($there, 'commands', 'redis');
$redis->cli('PUBLISH', $channel, "1 $key u");
ok(counts($there, 'notified', 3), 'u: heard');
ok(wait_until(sub { counted($there, 'commands', 'redis') > $commands }),
    'u: the key is looked at');

# many, of this key, of others, and of none

for my $message ("1 $key s", "1 $key l", "1 $key u",
    '1 ' . 'a' x 64 . ' u', 'x' x 300)
{
    my $name = substr($message, 0, 4) . '.. ' . substr $message, -1;
    my @before = map { counted($there, $_) } qw/notified ignored/;
    $commands = counted($there, 'commands', 'redis');

    $redis->cli('EVAL',
        "for i=1,10000 do redis.call('PUBLISH',ARGV[1],ARGV[2])end",
        0, $channel, $message);

    ok(wait_until(sub {
        my @now = map { counted($there, $_) } qw/notified ignored/;
        return $now[0] + $now[1] >= $before[0] + $before[1] + 10_000;
    }), "$name: 10000 were heard");

    cmp_ok(counted($there, 'commands', 'redis') - $commands, '<', 2000,
        "$name: they cost few commands");
}

is($up->hits('/a'), 1, 'the upstream was asked once');
$up->release('a');
is(said(answers($fill, @others)), '8 HIT, 1 MISS', 'all are answered');
is($up->hits('/a'), 1, 'by that');
is(counted($_, 'subscribed'), 1, 'the subscription stays') for $here, $there;
ok(wait_until(sub { !locks($redis) }), 'no lock is left');

done_testing();
