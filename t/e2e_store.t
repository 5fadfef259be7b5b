#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# What is in Redis and in the bucket can be used without this module: the
# hash is text, the object is the body as zstd has packed it, with a type
# and with all that is needed to index it again.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Digest::SHA qw/sha256/;

use QC::Nginx;
use QC::Services qw/clickhouse redis rgw/;
use QC::Util qw/need_program run_command/;

need_program('zstd');

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

my $sql = 'SELECT * FROM hits WHERE id < 20000 ORDER BY id FORMAT JSON';
my $r = $t->post('/', $sql);
ok($t->wait_stats('/stats', 'store', 'stored', 1), 'stored');

my $key = 'qc:' . $r->header('X-Key');
my $hash = $redis->cli('HGETALL', $key);
unlike($hash, qr/[^\n\r\x20-\x7e]/, 'the hash is text');

my %hash = %{$redis->hash_of($key)};
is($hash{status}, 200, 'status');
is($hash{size_bytes}, $r->body_length, 'size_bytes');
is($hash{compression}, 'zstd', 'compression');
like($redis->cli('TTL', $key), qr/^(?:600|59\d)$/, 'it expires');

my @list = $s3->list;
is_deeply(\@list, ["p/$hash{s3_path}"], 'one object, where it says');

my $head = $s3->head($list[0]);
is($head->{ContentLength}, $hash{stored}, 'its size');
is($head->{ContentEncoding}, 'zstd', 'its encoding');
like($head->{ContentType}, qr{^application/json}, 'its type');

my %meta = %{$head->{Metadata}};
is("qc:$meta{'qc-key'}", $key, 'its key');
is('1/' . $meta{'qc-object'} =~ s/^(..)/$1\//r, $hash{s3_path}, 'its name');
ok($meta{'qc-record'}, 'its record');

# two clients, one program that knows nothing of this module

my $file = $t->testdir . '/object';
is($s3->s3cmd('get', 's3://' . $s3->bucket . "/$list[0]", $file)->{exit}, 0,
    's3cmd');
spew("$file.boto3", $s3->get($list[0]));

for my $from ($file, "$file.boto3") {
    my $result = run_command(['zstd', '-dc', $from]);
    is($result->{exit}, 0, 'zstd');
    ok($result->{out} eq $r->body, 'the body');
}

is($hash{sum}, unpack('H*', substr sha256(slurp($file)), 0,
    length($hash{sum}) / 2), 'the sum is its SHA-256')
    if defined $hash{sum};

done_testing();
