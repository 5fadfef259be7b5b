#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# With query_cache_lock on, stale-if-slow waits for what another nginx fetches,
# as for what its own does; the upstream runs once.


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
use QC::Util qw/wait_until/;

my $redis = redis();
my $s3 = QC::FakeS3->start(port => port('s3'));
my $up = QC::Upstream->start(port => port('up'), routes => {
    map { my $name = $_; ("/$name" => sub {
        my ($req, $n) = @_;
        return { body => "answer $n", $n > 1 ? (gate => $name) : (),
            headers => ['Cache-Control' => $n > 1 ? 'max-age=600'
                : 'max-age=0, stale-if-error=600'] };
    }) } qw/fresh slow/
});


sub status { return join ' ', $_[0]->header('X-Status'), $_[0]->body }


# Two nginx, one of which fetches what both have.

sub begin {
    my ($name, $slow) = @_;

    my ($here, $there) = edges($redis, "query_cache_stale_if_slow $slow;");

    at($here, "/$name")->read_response;
    ok(wait_until(sub { counted($here, 'stored', 'store') }),
        "$name: an entry, stale");

    my $first = at($here, "/$name");
    ok($up->wait_at($name), "$name: one fetches it");

    return ($here, $there, $first);
}


my ($here, $there, $first) = begin('fresh', '60s');

my @others = map { at($there, '/fresh') } 1 .. 3;
ok(counts($there, 'waited', 3), 'fresh: others wait, there');
ok(counts($there, 'remote_waited', 1), 'fresh: for it');
$up->release('fresh');
is(status($_), 'HIT answer 2', 'fresh: served') for answers($first, @others);
is($up->hits('/fresh'), 2, 'fresh: the upstream ran once for all');
is(counted($there, 'failed', 'fill'), 0, 'fresh: no fill has failed');
$_->stop for $here, $there;

($here, $there, $first) = begin('slow', '200ms');

is(status($first->read_response), 'STALE answer 1', 'slow: the old one, here');

for (1 .. 3) {
    is(status(at($there, '/slow')->read_response), 'STALE answer 1',
        'slow: and there');
}

is($up->hits('/slow'), 2, 'slow: the upstream ran once for all');
$up->release('slow');
ok(wait_until(sub {
    return status(at($there, '/slow')->read_response) eq 'HIT answer 2';
}), 'slow: the new one, there');
is($up->hits('/slow'), 2, 'slow: which nobody else has asked for');
$_->stop for $here, $there;

done_testing();
