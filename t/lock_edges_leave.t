#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Who waits for the fill of another nginx can leave at any time: the client,
# and the worker, whose requests then run the upstream.  So can who has the
# lock; and nobody waits for one that a client has left behind.


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
use QC::Util qw/alive/;

my $redis = redis();
my $s3 = QC::FakeS3->start(port => port('s3'));
my $up = QC::Upstream->start(port => port('up'), routes => {
    map { my $name = $_; ("/$name" => sub {
        my ($req, $n) = @_;
        return { body => 'rows', headers => [fresh()],
            gate => $n == 1 ? $name : "$name-more" };
    }) } qw/client reload quit/,
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

# clients

my ($fill, @others) = begin('client');
$_->reset for @others;
ok($there->wait_log(qr/closed connection while it waited/), 'client: gone');
@others = many($there, 2, '/client');
$up->release('client');
is(said(answers($fill, @others)), '2 HIT, 1 MISS', 'client: answered');

# a reload of who waits

($fill, @others) = begin('reload');
my @old = $there->worker_pids;
ok($there->reload, 'reload: done');
ok($up->wait_at('reload-more', 3, 15), 'reload: they run the upstream');
$up->release($_) for 'reload', 'reload-more';
is(said(answers($fill, @others)), '4 MISS', 'reload: answered');
ok(wait_until(sub { !grep { alive($_) } @old }), 'reload: the worker leaves');

# the end of who has the lock

($fill, @others) = begin('quit');
kill 'QUIT', $here->master_pid;
ok($here->wait_log(qr/gracefully shutting down/), 'quit: it is to leave');
$up->release('quit');
is(said(answers($fill, @others)), '3 HIT, 1 MISS', 'quit: answered');
ok($here->quit, 'quit: gone');
is($up->hits('/quit'), 1, 'quit: the upstream was asked once');
ok(wait_until(sub { !locks($redis) }), 'no lock is left');

done_testing();
