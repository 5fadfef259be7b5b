#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# With query_cache_lock on, of equal misses of two nginx one runs the upstream.
# Its lock is renewed, and never without a time to live; who waits is told of
# its end.  What cannot be stored is marked for others, who then do not wait.


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
    '/no' => sub {
        my ($req, $n) = @_;
        return { body => "answer $n", gate => $n == 1 ? 'no' : 'no-more',
            headers => ['Cache-Control' => 'no-store'] };
    },
    '/alone' => sub {
        my ($req, $n) = @_;
        return { body => "answer $n", headers => ['Cache-Control' => 'private'],
            $n > 1 ? (gate => 'alone') : () };
    },
});

my ($here, $there) = edges($redis, 'query_cache_hit_for_miss 60s;');

# one run

my $fill = at($here, '/a');
ok($up->wait_at('a'), 'one runs the upstream');

my @others = many($there, 5, '/a');
ok(counts($there, 'remote_waited', 1), 'others wait, one of them for Redis');

my %locks = locks($redis);
my ($key) = keys %locks;
is(scalar keys %locks, 1, 'one lock');
like($locks{$key}[0], qr/^[0-9a-f]{32}\z/, 'a token');
my $left = $locks{$key}[1];
ok($left > 0 && $left <= 3000, 'a lease') or diag($left);

my $renewed = wait_until(sub {
    my $last = $left;
    $left = $redis->cli('PTTL', $key);
    return $left > $last;
});
ok($renewed, 'it is renewed');

$up->release('a');
is(said(answers($fill)), '1 MISS', 'answered here');

my @r = answers(@others);
is(said(@r), '5 HIT', 'answered there');
is(bodies(@r), 'rows', 'the same');
is($up->hits('/a'), 1, 'the upstream was asked once');
is(counted($there, 'remote_lost'), 0, 'they were told');
ok(wait_until(sub { !locks($redis) }), 'no lock is left');

# what is not stored

$fill = at($here, '/no');
ok($up->wait_at('no'), 'unstorable: one runs the upstream');
@others = many($there, 5, '/no');
ok(counts($there, 'remote_waited', 2), 'unstorable: others wait');
$up->release('no');
ok($up->wait_at('no-more', 5), 'unstorable: they are told, and run it');
$up->release('no-more');
is(said(answers($fill, @others)), '6 MISS', 'unstorable: answered');

(my $mark) = values %{{ locks($redis) }};
is($mark->[0], '-', 'unstorable: a mark');
ok($mark->[1] > 3000 && $mark->[1] <= 60000, 'unstorable: for its time')
    or diag($mark->[1]);

is(said(answers(at($here, '/alone'))), '1 MISS', 'alone: unstorable');
is(scalar(my @marks = locks($redis)), 4, 'alone: marked');
@others = map { at($there, '/alone') } 1 .. 4;
ok($up->wait_at('alone', 4), 'alone: nobody waits');
is(counted($there, 'remote_alone'), 1, 'alone: Redis was asked once');
$up->release('alone');
is(said(answers(@others)), '4 MISS', 'alone: answered');

is(counted($_, 'remote_failed'), 0, 'no failures') for $here, $there;
is(counted($_, 'ignored'), 0, 'no strange messages') for $here, $there;

# what others write

$redis->cli('PUBLISH', 'qc:~fills', $_)
    for 'x', '1 ' . 'A' x 64 . ' s', '1 ' . 'a' x 64 . ' x', 'y' x 70000;
ok(counts($there, 'ignored', 3), 'what is no notification is ignored');
ok(counts($there, 'subscribed', 2), 'nor is one that is too long');

done_testing();
