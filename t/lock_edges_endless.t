#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# A Redis that says of every lock that an answer was stored just now, also if
# it was not asked, is believed once, and the upstream is run.


use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Edges;
use QC::FakeRedis;
use QC::FakeS3;
use QC::Nginx;
use QC::Upstream;

my $redis = QC::FakeRedis->start(port => port('redis'), eval => sub {
    return QC::FakeRedis::bulk('+');
});
my $s3 = QC::FakeS3->start(port => port('s3'));
my $up = QC::Upstream->start(port => port('up'), routes => {
    '/a' => { body => 'rows', headers => ['Cache-Control' => 'max-age=600'] },
});

my ($here, $there) = edges(bless({}, 'Url'),
    'query_cache_invalidate off;', '60s', silent => 1);

my $r = $here->get('/a', port => $here->{edge}, timeout => 5);
is($r->status, 200, 'it is answered');
is($r->header('X-Status'), 'MISS', 'by the upstream');
is($redis->count('HGETALL'), 2, 'two lookups');
is(counted($here, 'remote_failed'), 1, 'that was no valid reply');

$_->stop for $here, $there;

done_testing();


sub Url::url { return 'redis://127.0.0.1:' . port('redis') }
