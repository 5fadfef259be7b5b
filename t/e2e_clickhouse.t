#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# A query that a client sends to ClickHouse twice: the second answer comes
# from Redis and Ceph RGW, identical in each byte and field, and ClickHouse
# is not asked again; another query, or another format of it, is another
# entry.

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

sub upstream { return scalar(() = slurp($t->testdir . '/upstream.log')
    =~ /\n/g) }

sub fields {
    my ($r) = @_;

    my %of_one = map { $_ => 1 } 'Date', 'X-Cache', 'Connection',
        'Transfer-Encoding', 'Content-Length', 'Accept-Ranges', 'Keep-Alive',
        'Age', 'Cache-Status';

    return join '', sort map { "$_->[0]: $_->[1]\n" }
        grep { !$of_one{$_->[0]} } @{$r->headers};
}

my $sql = 'SELECT country, count() AS n, sum(visits) AS v FROM hits'
    . ' GROUP BY country ORDER BY country FORMAT ';
my @queries = (
    ['/', $sql . 'JSON'], ['/', $sql . 'TabSeparated'],
    ['/', 'SELECT * FROM hits WHERE id < 5000 ORDER BY id FORMAT CSV'],
    ['/?max_block_size=100', $sql . 'JSON'],
    ['/?query=SELECT+number+FROM+system.numbers+LIMIT+10', ''],
    ['/', 'SELECT * FROM hits WHERE id > 1000000000 FORMAT CSV'],
);

for my $n (1 .. @queries) {
    my ($uri, $body) = @{$queries[$n - 1]};
    my $name = "query $n";

    my $miss = $t->post($uri, $body);
    is($miss->status, 200, "$name: answered");
    is($miss->header('X-Cache'), 'MISS', "$name: a miss");
    ok($t->wait_stats('/stats', 'store', 'stored', $n), "$name: stored");
    is(upstream(), $n, "$name: ClickHouse was asked");

    my $hit = $t->post($uri, $body);
    is($hit->header('X-Cache'), 'HIT', "$name: a hit");
    ok($hit->body eq $miss->body, "$name: the same bytes");
    is($hit->body, $ch->query($body, $uri =~ /\?(.*)/), "$name: these")
        unless $body =~ /JSON/;         # says how long it took
    is(fields($hit), fields($miss), "$name: the same fields");
    is(upstream(), $n, "$name: ClickHouse was not asked again");
}

my $bad = 'SELECT nothing FROM nowhere';

for my $n (1, 2) {
    my $r = $t->post('/', $bad);
    isnt($r->status, 200, 'an error');
    is($r->header('X-Cache'), 'MISS', 'is not stored');
}

is($t->stats('/stats', 'store', 'failed'), 0, 'no store failed');

done_testing();
