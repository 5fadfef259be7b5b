#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Who has a stale entry and waits a while for a background fill has its answer
# before it is stored; and so have those who come then.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Collapse;
use QC::FakeS3;
use QC::Nginx;
use QC::Stale;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $s3 = QC::FakeS3->start(port => port('s3'));
my $up = QC::Upstream->start(port => port('up'), routes => {
    '/a' => [{ body => 'old', headers => ['Cache-Control' =>
            'max-age=0, stale-if-error=600', ETag => '"old"'] },
        { body => 'new', gate => 'a', headers => [fresh()] }],
});

$t->write_file_expand('nginx.conf', one_worker('', <<'CONF', <<'CONF2'));
s3 http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;
        s3_read_timeout 60s;
CONF
query_cache_stale_if_slow 60s;
CONF2

$t->run;

$t->get('/a');
ok(wait_stale($t, '/stats', 1), 'a stale entry');

my @clients = map { one($t, '/a') } 1 .. 3;
ok($up->wait_at('a'), 'a fill');
ok($t->wait_stats('/stats', 'lock', 'waited', 3), 'who has it waits');

$s3->hold('put');
$s3->fault('stall', gate => 'put', match => qr/^PUT/);
$up->release('a');

my @r = answers(@clients);
is(said(@r) . ' ' . bodies(@r), '3 HIT new', 'and has the answer of the fill');
ok($s3->wait_at('put'), 'which is being stored');

@r = answers(map { one($t, '/a') } 1 .. 3);
is(said(@r) . ' ' . bodies(@r), '3 HIT new', 'so have others');
is($t->stats('/stats', 'lock', 'live'), 6, 'counted');
like($r[0]->header('Cache-Status'), qr/; fwd=stale; collapsed; ttl=\d/,
    'collapsed');

$s3->release('put');
ok($t->wait_stats('/stats', 'store', 'stored', 2), 'it is stored');
is($up->hits('/a'), 2, 'the upstream was asked twice');

done_testing();
