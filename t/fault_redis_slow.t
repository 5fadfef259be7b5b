#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Redis answers each command of two nginx late, but within its time-out: all
# requests take longer for it, and have the answer of one run of the upstream.
# Then it answers beyond it: each nginx does without.


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
use QC::Util qw/fork_process slow stop_process/;

use IO::Select;
use IO::Socket::INET;
use Time::HiRes qw/time/;

use constant LATE => 0.9;       # seconds

my $redis = redis();
my $s3 = QC::FakeS3->start(port => port('s3'));
my $up = QC::Upstream->start(port => port('up'), routes => {
    map { ("/$_" => { gate => $_, body => 'rows', headers => [fresh()] }) }
        qw/slow slower/,
});

# what Redis says comes through, but late

sub late {
    my ($label, $seconds) = @_;

    my $listen = IO::Socket::INET->new(Listen => 64, ReuseAddr => 1,
        LocalAddr => '127.0.0.1', LocalPort => port($label)) or die $!;

    my $pid = fork_process('late', sub {
        my $select = IO::Select->new($listen);
        my (%peer, %server, @queue);

        for (;;) {
            my $wait = @queue ? $queue[0][0] - time : 1;
            my @ready = $wait > 0 ? $select->can_read($wait) : ();

            for my $sock (@ready) {
                if ($sock == $listen) {
                    my $c = $listen->accept or next;
                    my $s = IO::Socket::INET->new('127.0.0.1:' . $redis->port)
                        or next;
                    @peer{$c, $s} = ($s, $c);
                    $server{$s} = 1;
                    $select->add($c, $s);
                    next;
                }

                my $n = sysread $sock, my $bytes, 65536;

                if ($server{$sock}) {
                    push @queue, [time + $seconds, $peer{$sock}, $bytes];

                } elsif ($n) {
                    syswrite $peer{$sock}, $bytes;
                }

                $select->remove($sock) unless $n;
                shutdown $peer{$sock}, 1 unless $n || $server{$sock};
            }

            while (@queue && $queue[0][0] <= time) {
                my (undef, $c, $bytes) = @{shift @queue};
                length $bytes ? syswrite $c, $bytes : shutdown $c, 1;
            }
        }
    });

    close $listen;

    return $pid;
}

{
    package Late;

    sub url { return "redis://127.0.0.1:$_[0]{port}" }
}

my $late = late('late', LATE);
my @edges = edges(bless({ port => port('late') }, 'Late'), '', '60s',
    redis => 'redis_timeout 4s;');

my $fill = at($edges[0], '/slow');
ok($up->wait_at('slow'), 'slow: one runs the upstream');
my @others = map { many($_, 4, '/slow') } @edges;
ok(counts($edges[1], 'remote_waited', 1), 'slow: others wait');
$up->release('slow');
my @r = answers($fill, @others);
is(said(@r), '8 HIT, 1 MISS', 'slow: all are answered');
is($up->hits('/slow'), 1, 'slow: by one run');
is(counted($_, 'timeouts', 'redis'), 0, 'slow: within the time-out') for @edges;
cmp_ok((sort { $b <=> $a } map { $_->elapsed } @r)[0], '<', 15 * slow(),
    'slow: and in time');
ok(wait_until(sub { !locks($redis) }), 'slow: no lock is left');

ok($_->quit, 'all requests have ended') for @edges;
stop_process($late);

# beyond it

my $later = late('later', 1.5);
@edges = edges(bless({ port => port('later') }, 'Late'), '', '2s',
    silent => 1);

$up->release('slower');
@others = map { my $edge = $_; map { at($edge, '/slower') } 1 .. 4 } @edges;
@r = answers(@others);
is(said(@r), '8 MISS', 'slower: all are answered');
cmp_ok((sort { $b <=> $a } map { $_->elapsed } @r)[0], '<', 10 * slow(),
    'slower: in time');
cmp_ok(counted($_, 'down', 'redis'), '>', 0, 'slower: Redis is set aside')
    for @edges;
ok($_->quit, 'all requests have ended') for @edges;
stop_process($later);

ok(wait_until(sub { !locks($redis) }), 'slower: no lock is left');

done_testing();
