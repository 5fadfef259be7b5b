#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# A dashboard that everybody opens: hundreds of equal cold queries, by POST, at
# two nginx with two workers each, cost one run of the upstream.


use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Body;
use QC::Collapse;
use QC::Edges;
use QC::FakeS3;
use QC::Nginx;
use QC::Services qw/redis/;
use QC::Upstream;

use constant N => 150;      # at each

my $redis = redis();
my $s3 = QC::FakeS3->start(port => port('s3'));
my $up = QC::Upstream->start(port => port('up'), routes => {
    '/query' => { gate => 'query', size => 20_000, headers => [fresh()] },
});

my ($here, $there) = edges($redis,
    'query_cache_methods GET POST;', '60s',
    workers => 2);

my %query = (method => 'POST', body => 'SELECT region, sum(x) FROM t GROUP BY 1',
    headers => ['Content-Type' => 'text/plain']);

my $fill = at($here, '/query', %query);
ok($up->wait_at('query'), 'one runs the upstream');

my @crowd = map { many($_, N, '/query', %query) } $here, $there;
is(scalar @crowd, 2 * N, 'others wait');

$up->release('query');

my $body = QC::Body->new(size => 20_000)->bytes;
my @answers = answers($fill, @crowd);

is((grep { $_->{status} == 200 } @answers), 2 * N + 1, 'all are answered');
is((grep { $_->body eq $body } @answers), 2 * N + 1, 'with the right bytes');
is($up->hits('/query'), 1, 'by one run of the upstream');
is(counted($here, 'miss', 'request') + counted($there, 'miss', 'request'), 1,
    'and one miss');

$_->stop for $here, $there;

done_testing();
