#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# A store that is not done within store_timeout ends: it is counted, logged
# once a minute, leaves no record, and gives its place, its connection and
# its memory back; the same answer can be stored later.  Without the deadline
# stores that stand still would pile up, and keep a worker from leaving.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::FakeRedis;
use QC::FakeS3;
use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $s3 = QC::FakeS3->start(port => port('s3'));
my $redis = QC::FakeRedis->start(port => port('redis'));
my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => sub { return { size => 50_000, seed => $_[0]{path} } },
});

$t->write_file_expand('nginx.conf', <<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        redis redis://127.0.0.1:%%PORT_redis%%;
        redis_timeout 30s;
        s3 http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;
        s3_read_timeout 30s;
        s3_backoff 1ms 1ms;
        store_timeout 200ms;
        store_concurrency 2;
        store_memory 512k;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            query_cache z;
            query_cache_valid 1h;
            add_header X-Status "$query_cache_status $query_cache_reason";
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /query_cache {
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

sub count { return $t->stats('/query_cache', 'store', $_[0]) }

# as it is when all is well

$t->get('/well');
ok($t->wait_stats('/query_cache', 'store', 'stored', 1), 'one is stored');

my ($worker) = $t->worker_pids;
my $files = $t->open_files;

# An answer that will be stored: Redis and S3 are not set aside

sub ask {
    my ($uri) = @_;

    ok(wait_until(sub {
        return $t->get($uri)->header('X-Status') eq 'MISS absent';
    }), "$uri: to be stored");
}

# while the object is sent: nothing of it gets into the index

for my $n (1 .. 6) {
    $s3->fault('hang', match => qr/^PUT/);
    ask("/put/$n");
    ok($t->wait_stats('/query_cache', 'store', 'deadline', $n),
        "/put/$n: its deadline");
}

is($redis->count('EVAL'), 1, 'no record of them');
is(count('failed'), 6, 'counted as failed, too');

ask('/put/1');
ok($t->wait_stats('/query_cache', 'store', 'stored', 2),
    'the same answer can be stored later');

# while the record is written: the object is deleted again

my @objects = $s3->keys;
$redis->fault('hang', match => qr/^EVAL/);
ask('/record');
ok($t->wait_stats('/query_cache', 'store', 'deadline', 7),
    '/record: its deadline');
ok(wait_until(sub { $s3->keys == @objects }), 'its object is deleted');
$redis->drop;

# while it waits for its turn behind two others

ask('/well');
ok($t->wait_stats('/query_cache', 'store', 'stored', 3), 'Redis is back');

$s3->fault('hang', match => qr/^PUT/, times => 0);
my $failed = count('failed');
my $c = $t->client;
is($c->get("/wait/$_")->status, 200, "/wait/$_: answered") for 1 .. 4;
ok($t->wait_stats('/query_cache', 'store', 'failed', $failed + 4),
    'all four have ended');
cmp_ok(count('deadline'), '>=', 9, 'by their deadline or that of the others');

$s3->clear_faults;
$s3->drop;
$c->close;

ok(wait_until(sub { $t->open_files($worker) <= $files }),
    'nothing stays open');
is(scalar $t->error_log(qr/not stored by its deadline/), 1, 'logged once');

ask('/last');
ok($t->wait_stats('/query_cache', 'store', 'stored', 4), 'storing goes on');

done_testing();
