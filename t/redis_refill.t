#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# What is not a record of this version is a miss and is filled again: a key
# deleted in Redis, a record of another version, an expired one.  Fails if
# a worker keeps an answer of its own, or if an unknown version is read or
# cannot be replaced.

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

my $redis = redis();
my $s3 = QC::FakeS3->start(port => port('s3'));
my $up = QC::Upstream->start(port => port('up'),
    routes => { '/a' => [map { { body => "rows $_" } } 1 .. 9] });

$t->write_file_expand('nginx.conf', <<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        redis ${\$redis->url};
        s3    http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            query_cache       z;
            query_cache_valid 10m;
            add_header        X-Status \$query_cache_status;
            add_header        X-Key \$query_cache_key;
            proxy_pass        http://127.0.0.1:%%PORT_up%%;
        }

        location = /stats {
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

my ($fills, $key) = 0;

sub filled {
    my ($why) = @_;

    my $r = $t->get('/a');
    $key = 'qc:' . $r->header('X-Key');

    $fills++;
    is($r->header('X-Status'), 'MISS', "$why: a miss");
    is($r->body, "rows $fills", "$why: a new answer");
    ok($t->wait_stats('/stats', 'store', 'stored', $fills), "$why: stored");

    $r = $t->get('/a');
    is($r->header('X-Status') . ' ' . $r->body, "HIT rows $fills",
        "$why: then a hit");
}

filled('empty');

is($redis->cli('DEL', $key), 1, 'DEL');
filled('deleted');

is($redis->cli('PEXPIRE', $key, 0), 1, 'PEXPIRE');
filled('expired');

is($redis->cli('HSET', $key, 'v', 2, 'started', '9' x 15), 0, 'HSET v');
filled('another version, from the future');
is($redis->cli('HGET', $key, 'v'), 1, 'replaced');

is($redis->cli('HDEL', $key, 'v'), 1, 'HDEL v');
filled('no version');

is($redis->cli('HSET', $key, 'later', 'x' x 200), 1, 'HSET of a new field');
is($t->get('/a')->header('X-Status'), 'HIT', 'an unknown field is ignored');

is($redis->cli('FLUSHALL'), 'OK', 'FLUSHALL');
filled('flushed');
is($redis->cli('HEXISTS', $key, 'later'), 0, 'nothing of the old one stays');

cmp_ok($t->stats('/stats', 'index', 'invalid'), '==', 2, 'counted');
is(scalar $t->error_log(qr/does not hold a valid record/), 1, 'logged once');

done_testing();
