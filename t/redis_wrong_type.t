#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# A key of ours that holds another type belongs to somebody else: clients
# get the upstream's answer and the key stays as it is.  Fails if the error
# reply becomes an error of ours, or if the value is overwritten.

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
            query_cache        z;
            query_cache_valid  10m;
            query_cache_bypass \$arg_bypass;
            query_cache_key    args=;
            add_header         X-Status \$query_cache_status;
            add_header         X-Key \$query_cache_key;
            proxy_pass         http://127.0.0.1:%%PORT_up%%;
        }

        location = /stats {
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

my %types = (
    string => [qw/SET KEY value/],
    list   => [qw/RPUSH KEY a b c/],
    set    => [qw/SADD KEY a b c/],
    zset   => [qw/ZADD KEY 1 a 2 b/],
    stream => [qw/XADD KEY * a b/],
);

my $n = 0;

for my $type (sort keys %types) {
    my $key = 'qc:' . $t->get("/$type?bypass=1")->header('X-Key');
    $n++;
    ok($t->wait_stats('/stats', 'store', 'stored', $n), "$type: stored");
    $redis->cli('DEL', $key);
    $redis->cli(map { $_ eq 'KEY' ? $key : $_ } @{$types{$type}});
    my $dump = $redis->cli('DUMP', $key);

    my $r = $t->get("/$type");
    is($r->status . ' ' . $r->body . ' ' . $r->header('X-Status'),
        '200 rows MISS', "$type: the upstream answers");
    ok($t->wait_stats('/stats', 'store', 'failed', 2 * $n - 1),
        "$type: not stored");

    is($t->get("/$type")->header('X-Status'), 'MISS', "$type: again");
    ok($t->wait_stats('/stats', 'store', 'failed', 2 * $n),
        "$type: not stored again");
    is($redis->cli('DUMP', $key), $dump, "$type: the key is untouched");
    is($redis->cli('PTTL', $key), -1, "$type: and does not expire");
    $redis->cli('DEL', $key);
}

ok(wait_until(sub { $s3->keys == $n }), 'no objects of refused records');
cmp_ok($t->stats('/stats', 'redis', 'errors'), '>=', 3 * $n, 'counted');
is($t->stats('/stats', 'redis', 'down'), 0, 'Redis is not set aside');
is(scalar $t->error_log(qr/redis refused a command.*WRONGTYPE/), 1,
    'logged once');

done_testing();
