#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# When Redis stalls while requests of two nginx wait for one fill, nobody waits
# longer than query_cache_lock_timeout, and all are answered; afterwards
# everything is as before.


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
    (map { my $name = $_; ("/$name" => sub {
        my ($req, $n) = @_;
        return { body => 'rows', headers => [fresh()],
            gate => $n == 1 ? $name : "$name-more" };
    }) } qw/stall after/),
    '/kept' => { body => 'kept', headers => [fresh()] },
});

my ($here, $there) = edges($redis, 'query_cache_fill_concurrency 0;', '2s');

is(said(answers(at($here, '/kept'))), '1 MISS', 'an entry');

my $fill = at($here, '/stall');
ok($up->wait_at('stall'), 'one runs the upstream');

my @beside = many($here, 3, '/stall');
my @others = many($there, 3, '/stall');
ok(counts($there, 'remote_waited', 1), 'others wait, here and there');

$redis->pause;
$up->release('stall');
is(said(answers($fill)), '1 MISS', 'the first is answered');

is(said(answers(@beside)), '3 HIT', 'and those beside it');

ok($up->wait_at('stall-more', 3, 15), 'the others run the upstream');
$up->release('stall-more');
is(said(answers(@others)), '3 MISS', 'and are answered');
ok(counted($_, 'down', 'redis') > 0, 'Redis is set aside') for $here, $there;

$redis->resume;

for my $edge ($here, $there) {
    ok(wait_until(sub {
        return $edge->get('/kept', port => $edge->{edge})
            ->header('X-Status') eq 'HIT';
    }), 'Redis is asked again');
}

$fill = at($here, '/after');
ok($up->wait_at('after'), 'after: one runs the upstream');
@others = many($there, 3, '/after');
$up->release('after');
is(said(answers($fill, @others)), '3 HIT, 1 MISS', 'after: answered');

# a subscription that is silent because it is dead

$redis->pause;
ok(counts($there, 'unsubscribed', 1, 20), 'a stall is found without traffic');
$redis->resume;
ok(counts($there, 'subscribed', 2), 'and what follows is heard again');

done_testing();
