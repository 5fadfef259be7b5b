#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# A Redis whose memory is full takes no more records and goes on serving
# those it has; once there is room new ones are stored.  Fails if the error
# sets Redis aside, or if a key is left without a time to live.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::FakeS3;
use QC::Nginx;
use QC::Services qw/redis/;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $redis = redis(conf => ['maxmemory-policy noeviction']);
my $s3 = QC::FakeS3->start(port => port('s3'));
my $up = QC::Upstream->start(port => port('up'),
    routes => { '/*' => { body => 'rows' } });

$t->write_file_expand('nginx.conf', <<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        redis ${\$redis->url};
        s3    http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;
        store_retries 0;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            query_cache       z;
            query_cache_valid 10m;
            add_header        X-Status \$query_cache_status;
            proxy_pass        http://127.0.0.1:%%PORT_up%%;
        }

        location = /stats {
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

is($t->get('/old')->header('X-Status'), 'MISS', 'with room: a miss');
ok($t->wait_stats('/stats', 'store', 'stored', 1), 'stored');

$redis->cli(qw/CONFIG SET maxmemory 1/);

for my $n (1 .. 20) {
    my $r = $t->get("/new$n");
    is($r->status . ' ' . $r->body . ' ' . $r->header('X-Status'),
        '200 rows MISS', "full: request $n");
}

ok($t->wait_stats('/stats', 'store', 'failed', 20), 'full: not stored');
is($t->get('/old')->header('X-Status'), 'HIT', 'full: what is there is used');
ok(wait_until(sub { $s3->keys == 1 }), 'full: no objects without a record');

is($redis->cli('DBSIZE'), 1, 'full: no half-written keys');
is($t->stats('/stats', 'redis', 'errors'), 20, 'full: counted');
is($t->stats('/stats', 'redis', 'down'), 0, 'full: not set aside');
is(scalar $t->error_log(qr/redis refused a command.*OOM/), 1,
    'full: logged once');

$redis->cli(qw/CONFIG SET maxmemory 0/);

$t->get('/new1');
ok($t->wait_stats('/stats', 'store', 'stored', 2), 'room again: stored');
is($t->get('/new1')->header('X-Status'), 'HIT', 'room again: a hit');

done_testing();
