#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Two nginx of two workers each, and requests that wait in all of them.  The
# worker of the fill is killed: one of all who live runs the upstream once more.
# The worker is killed that waits for the other nginx, for itself and for those
# behind it: then nobody does.


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

my $redis = redis();
my $s3 = QC::FakeS3->start(port => port('s3'));
my $up = QC::Upstream->start(port => port('up'), routes => {
    '/who' => { body => 'x' },
    map { my $name = $_; ("/$name" => sub {
        my ($req, $n) = @_;
        return { body => 'rows', headers => [fresh()],
            gate => $n == 1 ? $name : "$name-more" };
    }) } qw/fill wait/,
});

my @edges = edges($redis, 'add_header X-Pid $pid always;', '60s',
    workers => 2);

# n connections to each worker of an nginx

sub connections {
    my ($edge, $n) = @_;
    my %at;

    for (1 .. 200) {
        my $c = $edge->client(port => $edge->{edge}, timeout => 20 * slow());
        my $pid = $c->get('/who')->header('X-Pid');
        push @{$at{$pid}}, $c if @{$at{$pid} // []} < $n;
        last if keys %at == 2 && !grep { @$_ < $n } values %at;
    }

    return map { [$_, @{$at{$_}}] } sort keys %at;
}

sub kill_worker {
    my ($edge, $pid) = @_;

    $edge->expect_signal(9);
    kill 'KILL', $pid;
    ok($edge->wait_log(qr/worker process $pid exited on signal 9/), 'killed');
}

# that of the fill

my ($here, @other) = map { connections($_, 8) } @edges;
my ($pid, $fill, @beside) = @$here;
my @others = map { @$_[1 .. 8] } @other;

$fill->send_request('GET', '/fill');
ok($up->wait_at('fill'), 'one runs the upstream');

my @before = map { counted($_, 'waited') } @edges;
$_->send_request('GET', '/fill') for @beside, @others;
ok(counts($edges[0], 'waited', $before[0] + 15), 'others wait, here');
ok(counts($edges[1], 'waited', $before[1] + 16), 'and there');

kill_worker($edges[0], $pid);
ok($_->read_response->error =~ /closed|reset/, 'a client of it')
    for $fill, @beside;

ok($up->wait_at('fill-more', 1, 20), 'another one runs it after a while');
$up->release('fill-more');
is(said(answers(@others)), '23 HIT, 1 MISS', 'all are answered');
is($up->hits('/fill'), 2, 'by one run more, of all');

# that of a wait

ok(wait_until(sub { $edges[0]->worker_pids == 2 }), 'another worker');
@before = map { counted($_, 'waited') } @edges;
my $waited = counted($edges[1], 'remote_waited');

$fill = at($edges[0], '/wait');
ok($up->wait_at('wait'), 'wait: one runs the upstream');

($here, my $there) = @other[1, 2];
($pid, my $first) = @$here;
$first->send_request('GET', '/wait');
ok(counts($edges[1], 'remote_waited', $waited + 1), 'wait: another waits');

@others = @$there[1 .. 8];
$_->send_request('GET', '/wait') for @others;
ok(counts($edges[1], 'waited', $before[1] + 9), 'wait: others, behind it');

kill_worker($edges[1], $pid);
ok($first->read_response->error =~ /closed|reset/, 'wait: the client of it');
ok(counts($edges[1], 'remote_waited', $waited + 2, 20),
    'wait: another one waits in its place');

$up->release('wait');
is(said(answers($fill, @others)), '8 HIT, 1 MISS', 'wait: all are answered');
is($up->hits('/wait'), 1, 'wait: the upstream was asked once');

ok(wait_until(sub { !locks($redis) }), 'no lock is left');
ok($_->quit, 'all requests have ended') for @edges;

done_testing();
