#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# When an nginx is killed while others wait for its fill, its lock runs out:
# one of them runs the upstream, the others get what that has stored.


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
    '/a' => sub {
        my ($req, $n) = @_;
        return { body => "answer $n", headers => [fresh()],
            gate => $n == 1 ? 'first' : 'later' };
    },
});

my ($here, $there) = edges($redis);

my $fill = at($here, '/a');
ok($up->wait_at('first'), 'one runs the upstream');

my @others = many($there, 5, '/a');
ok(counts($there, 'remote_waited', 1), 'others wait');

kill 'KILL', $here->master_pid, $here->worker_pids;
like($fill->read_response->error, qr/closed|reset/, 'killed');

ok($up->wait_at('later', 1, 15), 'another runs it');
is(counted($there, 'remote_lost'), 1, 'its lock had run out');
is(counted($there, 'remote_held'), 1, 'with a lock of its own');

$up->release('later');
is(said(answers(@others)), '4 HIT, 1 MISS', 'all are answered');
is($up->hits('/a'), 2, 'one run more');
ok(wait_until(sub { !locks($redis) }), 'no lock is left');

done_testing();
