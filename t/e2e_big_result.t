#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# A result of 50 MB from ClickHouse: the client of the miss and the clients
# of the hits get the same, a slow one too, and no worker keeps
# it in memory.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Digest::MD5;

use QC::Nginx;
use QC::Services qw/clickhouse redis rgw/;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my ($redis, $s3, $ch) = (redis(), rgw(), clickhouse());
my $store = 's3 ' . $s3->endpoint . ' bucket=' . $s3->bucket . ' prefix=p'
    . ' access_key=' . $s3->access . ' secret_key=' . $s3->secret;

$t->write_file_expand('nginx.conf', <<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        redis ${\$redis->url};
        $store;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            query_cache z;
            query_cache_methods GET POST;
            query_cache_valid 200 10m;
            add_header X-Cache \$query_cache_status always;
            add_header X-Key \$query_cache_key;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
            proxy_http_version 1.1;
        }

        location = /stats {
            query_cache_admin z;
        }
    }

    # stands for the ClickHouse that the cache knows
    server {
        listen 127.0.0.1:%%PORT_up%%;
        access_log %%TESTDIR%%/upstream.log;

        location / {
            proxy_pass http://127.0.0.1:${\$ch->port};
            proxy_http_version 1.1;
            proxy_buffering off;
        }
    }
}

EOF

$t->run;

my $sql = 'SELECT number, concat(\'row \', toString(intHash64(number))),'
    . ' number % 7 FROM system.numbers LIMIT 1500000 FORMAT TSV';

my $miss = $t->post('/', $sql, discard => 1, timeout => 30);
is($miss->error, '', 'complete');
cmp_ok($miss->body_length, '>', 50_000_000, 'over 50 MB');
is($miss->header('X-Cache'), 'MISS', 'a miss');
ok($t->wait_stats('/stats', 'store', 'stored', 1, 30), 'stored');

my @objects = $s3->list('p/');
is(@objects, 1, 'one object');
cmp_ok($s3->head($objects[0])->{ContentLength}, '<',
    $miss->body_length / 2, 'packed');

my $stored = $t->peak_rss;

for my $n (1, 2) {
    my $hit = $t->post('/', $sql, discard => 1, timeout => 30);
    is($hit->header('X-Cache'), 'HIT', 'a hit');
    is($hit->error, '', 'complete');
    is($hit->body_md5, $miss->body_md5, 'the same');
}

my $slow = $t->post('/', $sql, discard => 1, rate => 40_000_000,
    timeout => 30);
is($slow->header('X-Cache'), 'HIT', 'a hit, slowly');
is($slow->body_md5, $miss->body_md5, 'the same');

is($t->stats('/stats', 'request', 'broken'), 0, 'none is broken');
cmp_ok($stored, '<', 60e6, 'memory of the store')
    unless $ENV{TEST_NGINX_VALGRIND};
cmp_ok($t->peak_rss, '<', 60e6, 'memory of the hits')
    unless $ENV{TEST_NGINX_VALGRIND};

done_testing();
