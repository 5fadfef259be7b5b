#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Redis is lost amid a fill, while requests of two nginx wait for it: killed and
# begun anew without a key, silent for a while, made the empty copy of another
# one and then a master again, out of memory.  At most one of each nginx runs
# the upstream, all are answered, and afterwards everything is as before.


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
    '/kept/*' => { body => 'kept', headers => [fresh()] },
    '/*' => sub {
        my ($req) = @_;
        my ($name) = $req->{path} =~ /(\w+)$/;
        return { body => $name, gate => $name, headers => [fresh()] };
    },
});

my @edges = edges($redis);

my %faults = (
    killed => sub {
        $redis->stop('KILL');
        ok(downs(1), 'killed: seen');
        $redis->start;
    },
    silent => sub {
        $redis->pause;
        ok(downs(1), 'silent: seen');
        $redis->resume;
    },
    flushed => sub { $redis->cli('FLUSHALL') },
    promoted => sub {
        my $other = redis(conf => ['repl-diskless-sync-delay 0']);
        $redis->cli('REPLICAOF', '127.0.0.1', $other->port);
        ok(wait_until(sub {
            $redis->cli('INFO', 'replication') =~ /master_link_status:up/
        }), 'promoted: a copy');
        ok(wait_until(sub { $up->hits('/promoted') == 2 }),
            'promoted: who waits finds no lock, and cannot take it');
        $redis->cli('REPLICAOF', 'NO', 'ONE');
        $other->stop;
    },
    full => sub {
        $redis->cli('CONFIG', 'SET', 'maxmemory', 1);
        ok(wait_until(sub {
            said(answers(at($edges[1], '/kept/full'))) eq '1 MISS'
                && counted($edges[1], 'errors', 'redis') > 0
        }), 'full: seen');
        $redis->cli('CONFIG', 'SET', 'maxmemory', 0);
    },
);

my %down;

sub downs {
    my ($least) = @_;

    return wait_until(sub {
        !grep { counted($_, 'down', 'redis') < $down{$_} + $least } @edges
    }, 20);
}

# what an entry is in one nginx it is in the other one

sub works {
    my ($name) = @_;

    for my $edge (@edges) {
        ok(wait_until(sub {
            said(answers(at($edge, "/kept/$name"))) eq '1 HIT'
        }), "$name: Redis is asked");
    }
}

for my $name (qw/killed silent flushed promoted full/) {
    my $waited = counted($edges[1], 'remote_waited');
    $down{$_} = counted($_, 'down', 'redis') for @edges;

    my $fill = at($edges[0], "/$name");
    ok($up->wait_at($name), "$name: one runs the upstream");
    my @others = map { many($_, 4, "/$name") } @edges;
    ok(counts($edges[1], 'remote_waited', $waited + 1), "$name: others wait");

    $faults{$name}->();
    works($name);

    $up->release($name);
    my @r = answers($fill, @others);
    my ($misses) = said(@r) =~ /^\d HIT, (\d) MISS$/;
    ok($misses && $misses <= 2, "$name: answered") or diag(said(@r));
    is($up->hits("/$name"), $misses, "$name: by as many runs");
    is(bodies(@r), $name, "$name: rightly");

    ok(wait_until(sub { !locks($redis) }), "$name: no lock is left");
}

# all is as before

my $waited = counted($edges[1], 'remote_waited');
my $fill = at($edges[0], '/after');
ok($up->wait_at('after'), 'after: one runs the upstream');
my @others = map { many($_, 4, '/after') } @edges;
ok(counts($edges[1], 'remote_waited', $waited + 1), 'after: others wait');
$up->release('after');
is(said(answers($fill, @others)), '8 HIT, 1 MISS', 'after: answered');
is($up->hits('/after'), 1, 'after: by one run');
ok($_->quit, 'all requests have ended') for @edges;

done_testing();
