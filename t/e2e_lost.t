#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# What is deleted behind the back of nginx is a miss with the right answer,
# and is there again afterwards: the key in Redis, the object in the bucket,
# both, or an object that is another one.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

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

my $sql = 'SELECT * FROM hits WHERE id < 3000 ORDER BY id FORMAT TSV';
my $stored = 0;

sub miss {
    my ($name) = @_;

    my $r = $t->post('/', $sql);
    is($r->status . ' ' . $r->header('X-Cache'), '200 MISS', "$name: a miss");
    ok($t->wait_stats('/stats', 'store', 'stored', ++$stored),
        "$name: stored");

    return $r;
}

my $first = miss('the first');
my $key = 'qc:' . $first->header('X-Key');

sub ended {
    my $store = $t->stats('/stats', 'store');
    return $store->{stored} + $store->{failed} + $store->{superseded};
}

sub object { return 'p/' . $redis->hash_of($key)->{s3_path} }

sub again {
    my ($name) = @_;

    is(miss($name)->body, $first->body, "$name: the answer");

    my $r = $t->post('/', $sql);
    is($r->header('X-Cache'), 'HIT', "$name: then a hit");
    is($r->body, $first->body, "$name: with the answer");
}

$redis->cli('DEL', $key);
again('no key');

my $object = object();
$s3->delete($object);
again('no object');
isnt(object(), $object, 'no object: another name');

$object = object();
$redis->cli('DEL', $key);
$s3->delete($object);
again('neither');

$object = object();
my $head = $s3->head($object);
my $bytes = $s3->get($object);
substr($bytes, length($bytes) / 2, 4) = 'oops';
$s3->put($object, $bytes, Metadata => $head->{Metadata},
    ContentEncoding => 'zstd', ContentType => $head->{ContentType});
again('other bytes');

$object = object();
$s3->put($object, 'short', Metadata => $s3->head($object)->{Metadata});
again('a short one');

$redis->cli('HSET', $key, 'v', '999');
again('a record of the future');

$redis->cli('DEL', $key);
$redis->cli('SET', $key, 'a string');
my $ended = ended();
is($t->post('/', $sql)->body, $first->body, 'no hash: the answer');
ok(wait_until(sub { ended() > $ended }), 'no hash: its store has ended');
$redis->cli('DEL', $key);
$stored = $t->stats('/stats', 'store', 'stored');
again('after it');

done_testing();
