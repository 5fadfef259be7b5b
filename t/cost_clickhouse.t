#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# What a query of a real ClickHouse has cost: the time it took, and what it has
# read where this ClickHouse says so.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Nginx;
use QC::Services qw/clickhouse/;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);
my $ch = clickhouse();

$t->write_file_expand('nginx.conf', <<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        disk %%TESTDIR%%/store;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            query_cache z;
            query_cache_engine clickhouse;
            query_cache_methods GET POST;
            query_cache_valid auto factor=1000;
            query_cache_min_cost 200ms;
            add_header X-Cache \$query_cache_status always;
            add_header X-Cost \$query_cache_cost always;
            add_header X-Rows \$query_cache_read_rows always;
            add_header X-Bytes \$query_cache_read_bytes always;
            proxy_pass http://127.0.0.1:${\$ch->port};
            proxy_http_version 1.1;
        }

        location = /stats {
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

my $slow = 'SELECT count(), sleep(0.4) FROM hits WHERE visits > 10';
my $fast = 'SELECT 1';

my $miss = $t->post('/', $slow);
is($miss->status, 200, 'a slow query');
is($miss->header('X-Cache'), 'MISS', 'is a miss');
ok($t->wait_stats('/stats', 'store', 'stored', 1), 'and stored');

my $hit = $t->post('/', $slow);
is($hit->header('X-Cache'), 'HIT', 'then a hit');
is($hit->body, $miss->body, 'the same');
cmp_ok($hit->header('X-Cost'), '>=', 0.39, 'that has cost what it took');
cmp_ok($hit->header('X-Cost'), '<=', $miss->elapsed + 0.01, 'and no more');

my ($ttl) = $hit->header('Cache-Status') =~ /; ttl=(\d+)/;
cmp_ok($ttl, '>', 380, 'and lives long');

my $summary = $miss->header('X-ClickHouse-Summary') // '';

for (['X-Rows', 'read_rows'], ['X-Bytes', 'read_bytes']) {
    my ($field, $name) = @$_;
    my ($said) = $summary =~ /"$name":"([1-9]\d*)"/;

    is($miss->header($field), $said, "$name of the miss, if it is said");
    is($hit->header($field), $said, "$name of the hit, likewise");
}

$t->post('/', $fast);
is($t->post('/', $fast)->header('X-Cache'), 'MISS', 'a fast one is not kept');
is($t->stats('/stats', 'reason', 'min_cost'), 2, 'for that reason');

done_testing();
