#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Two nginx of two workers each, 2000 random requests for a few URIs, while
# workers are killed, configurations reloaded, Redis is killed, stopped, emptied
# and loses connections, entries are invalidated and clients leave: every
# answer is right and in time.  Afterwards nothing is left of it: no locks, no
# connections, and nothing that keeps a worker.


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
use QC::Util qw/slow/;

use constant {
    ROUNDS  => 40,
    CLIENTS => 50,
    URIS    => 6,
};

my $seed = $ENV{QC_SEED} // time;
diag("seed $seed");
srand $seed;

my $redis = redis();
my $s3 = QC::FakeS3->start(port => port('s3'));
my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => sub {
        my ($req) = @_;
        my $what = rand;

        return { status => 204 } if $req->{method} eq 'PUT';
        return { status => 500, body => 'own failure' } if $what < 0.05;
        return { reset => -1 } if $what < 0.1;

        return { body => "$req->{path} " . 'x' x 20_000,
            headers => ['Cache-Control' => $what < 0.2 ? 'no-store'
                : 'max-age=' . int rand 3],
            delay => rand 0.1, $what > 0.95 ? (cut => 10_000) : () };
    },
});

my @edges = edges($redis, <<'CONF', '300ms', workers => 2);
query_cache_lock_age 500ms;
            query_cache_hit_for_miss 1;
            proxy_http_version 1.1;
            proxy_next_upstream off;
CONF

# what a worker has open when nothing happens

sub idle {
    my ($edge) = @_;

    my @n = map { scalar $edge->open_files($_) } $edge->worker_pids;

    return @n == 2 ? (sort { $b <=> $a } @n)[0] : 1e9;
}

sub downs {
    return counted($edges[0], 'down', 'redis')
        + counted($edges[1], 'down', 'redis');
}

my %idle = map { $_ => idle($_) } @edges;
my $killed;

my %faults = (
    worker => sub {
        my $edge = $edges[rand 2];
        my @pids = $edge->worker_pids or return;
        $edge->expect_signal(9);
        kill 'KILL', $pids[rand @pids];
        $killed = 1;
    },
    reload => sub { $edges[rand 2]->reload },
    restart => sub { $redis->stop('KILL'); $redis->start },
    emptied => sub { $redis->cli('FLUSHALL') },
    deaf => sub { $redis->cli('CLIENT', 'KILL', 'TYPE', 'pubsub') },
    cut => sub { $redis->cli('CLIENT', 'KILL', 'TYPE', 'normal') },
    unlocked => sub {
        my %locks = locks($redis);
        $redis->cli('DEL', keys %locks) if %locks;
    },
    silent => sub {
        my $before = downs();
        $redis->pause;
        wait_until(sub { downs() > $before }, 3);
        $redis->resume;
    },
);

my (%wrong, %seen, $slowest, $lasting);

for my $round (1 .. ROUNDS) {
    my @clients;

    $killed = 0;

    for (1 .. CLIENTS) {
        my $edge = $edges[rand 2];
        my $uri = '/' . int($round / 3) . '-' . int rand URIS;
        my $c = eval {
            at($edge, $uri, rand() < 0.02 ? (method => 'PUT', body => 'x')
                : ());
        } or next;

        push @clients, [$c, "$uri " . 'x' x 20_000];
    }

    my $fault = (sort keys %faults)[rand keys %faults];
    $faults{$fault}->() if $round % 2;

    $lasting += grep { $_->[1] == -1 } values %{{ locks($redis) }};

    for (@clients) {
        my ($c, $body) = @$_;

        if (rand() < 0.15) {
            $c->reset;
            next;
        }

        my $r = $c->read_response;
        my $status = $r->header('X-Status') // '-';

        $seen{$status}++;
        $slowest = $r->elapsed
            if $r->elapsed && $r->elapsed > ($slowest // 0);

        next if $r->status == 200 && !$r->error && $r->body eq $body;
        next if $r->status == 204;
        next if $killed && $r->error =~ /closed|reset/
            && index($body, $r->body // '') == 0;
        next if $status =~ /MISS|EXPIRED/ && ($r->status =~ /^50[02]/
            || $r->error eq 'closed' && index($body, $r->body) == 0);

        $wrong{"$fault: $status " . ($r->status // '-') . ' ' . $r->error}++;
    }
}

is_deeply(\%wrong, {}, 'no answer is wrong, or cut but by a fault');
cmp_ok($slowest, '<', 10 * slow(), 'nobody waits for long');
is($lasting, 0, 'no lock is without a time to live');
ok($seen{HIT} && $seen{MISS}, 'some collapse') or diag(explain(\%seen));

# nothing is left

ok(wait_until(sub { !locks($redis) }), 'no lock is left');

$s3->drop;      # those that are kept for later

for my $edge (@edges) {
    ok(wait_until(sub { idle($edge) <= $idle{$edge} }, 20),
        'no connection is left')
        or diag(idle($edge) . " of $idle{$edge} open");

    ok($edge->quit, 'all requests have ended');
    is(scalar(grep { /open socket #\d+ left/ } $edge->error_log), 0,
        'no socket was forgotten');
}

done_testing();
