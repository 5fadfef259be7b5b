#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Two URIs lead to one key.  What one has read by the first for all who wait
# is not for who came by the second, if that was made invalid before.


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
    '/a' => { body => 'a', headers => [fresh()], gate => 'first' },
    '/b' => { body => 'b', headers => [fresh()] },
    'PUT /b' => { status => 204 },
});

my ($here, $there) = edges($redis, 'query_cache_key uri=x;');

my $fill = at($here, '/a');
ok($up->wait_at('first'), 'one runs the upstream');

my @a = many($there, 1, '/a');
ok(counts($there, 'remote_waited', 1), 'another waits, in another nginx');

is($there->request('PUT', '/b', port => $there->{edge})->status, 204,
    'the other URI is made invalid');

my @b = many($there, 1, '/b');
push @a, many($there, 2, '/a');

$up->release('first');

my @answers = answers($fill, @a);
is(bodies(@answers), 'a', 'who asked by the first URI');
is(bodies(answers(@b)), 'b', 'who asked by the other one, later');
ok(counted($there, 'shared') >= 1, 'read once');

$_->stop for $here, $there;

done_testing();
