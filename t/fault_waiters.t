#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Workers that wait for the fill of another nginx are told to leave, or replaced
# at once: their requests run the upstream, and nobody else is kept from the
# answer of the fill.  When all of them are killed nothing stays in Redis.


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
    }) } qw/reload killed quit/,
});

my ($here, $there) = edges($redis, '', '60s', workers => 2);

sub begin {
    my ($name) = @_;

    my $waited = counted($there, 'remote_waited');
    my $fill = at($here, "/$name");
    ok($up->wait_at($name), "$name: one runs the upstream");
    my @others = map { [many($_, 6, "/$name")] } $here, $there;
    ok(counts($there, 'remote_waited', $waited + 1), "$name: others wait");

    return ($fill, @others);
}

sub end {
    my ($name, $fill, $beside) = @_;

    $up->release($name);
    is(said(answers($fill, @$beside)), '6 HIT, 1 MISS',
        "$name: answered beside the fill");
    ok(wait_until(sub { !locks($redis) }), "$name: no lock is left");
}

# twice in a row

my ($fill, $beside, $others) = begin('reload');
my @old = $there->worker_pids;
ok($there->reload, 'reload: done') for 1, 2;
ok($up->wait_at('reload-more', 6, 15), 'reload: they run the upstream');
$up->release('reload-more');
is(said(answers(@$others)), '6 MISS', 'reload: they are answered');
ok(wait_until(sub { !grep { alive($_) } @old }), 'reload: they have left');
end('reload', $fill, $beside);

# all workers at once: the next ones wait again

($fill, $beside, $others) = begin('killed');
@old = $there->worker_pids;
$there->expect_signal(9, 2);
my $waited = counted($there, 'remote_waited');
kill 'KILL', @old;
ok(wait_until(sub {
    my @now = $there->worker_pids;
    return @now == 2 && !grep { my $pid = $_; grep { $_ == $pid } @old } @now;
}), 'killed: there are others');
ok($_->read_response->error =~ /closed|reset/, 'killed: a client')
    for @$others;
my @again = many($there, 4, '/killed');
ok(counts($there, 'remote_waited', $waited + 1, 20), 'killed: others wait');
end('killed', $fill, $beside);
is(said(answers(@again)), '4 HIT', 'killed: they are answered');
is($up->hits('/killed'), 1, 'killed: by one run');

# for good

($fill, $beside, $others) = begin('quit');
kill 'QUIT', $there->master_pid;
ok($up->wait_at('quit-more', 6, 15), 'quit: they run the upstream');
$up->release('quit-more');
is(said(answers(@$others)), '6 MISS', 'quit: they are answered');
ok($there->quit, 'quit: gone');
end('quit', $fill, $beside);
ok($here->quit, 'all requests have ended');

done_testing();
