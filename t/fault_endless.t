#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# The upstream never answers.  Of those who wait in two nginx few run it, too,
# before query_cache_lock_age, and nobody waits for longer than that.


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
    OTHERS  => 6,           # of each nginx
    AGE     => 4,
};

my $redis = redis();
my $s3 = QC::FakeS3->start(port => port('s3'));
my $up = QC::Upstream->start(port => port('up'), routes => {
    '/a' => { gate => 'a', body => 'rows', headers => [fresh()] },
});

my $age = AGE * slow();
my ($here, $there) = edges($redis, "query_cache_lock_age ${age}s;", '200ms');

my $fill = at($here, '/a');
ok($up->wait_at('a'), 'one runs the upstream');

my $begun = time;
my @others = map { many($_, OTHERS, '/a') } $here, $there;
my $late = time;

# there, who waits for the other nginx is no extra run of its own

ok($up->wait_at('a', 4), 'of each nginx few do, after a while');
ok(counts($here, 'held_back', OTHERS - 1), 'others wait on, here');
ok(counts($there, 'held_back', OTHERS - 2), 'and there');

my $runs = $up->hits('/a');
SKIP: {
    skip 'this took too long', 1 if time - $begun >= $age - 1;
    is($runs, 4, 'query_cache_fill_concurrency more');
}

ok($up->wait_at('a', 1 + 2 * OTHERS, $age + 10), 'then all others do');
cmp_ok(time - $late, '<=', $age + 2 * slow(), 'at query_cache_lock_age');

$up->release('a');
is(said(answers($fill, @others)), 1 + 2 * OTHERS . ' MISS',
    'all are answered');
ok(wait_until(sub { !locks($redis) }), 'no lock is left');

$fill = at($here, '/a');
is(said(answers($fill)), '1 HIT', 'and it is stored');
ok($_->quit, 'all requests have ended') for $here, $there;

done_testing();
