#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# S3 as a named upstream{} with its own keepalive: hits and stores go
# through it over few connections, signed for the host that is asked for.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Nginx;
use QC::Services qw/clickhouse redis rgw/;

my $t = QC::Nginx->new->has(qw/http proxy query_cache upstream_keepalive/);

my ($redis, $s3) = (redis(), rgw());
my ($host) = $s3->endpoint =~ m{//(.*)};

$t->write_file_expand('nginx.conf', <<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    log_format front '\$connection \$request_method \$status';

    upstream objects {
        server 127.0.0.1:%%PORT_front%%;
        keepalive 4;
    }

    query_cache_zone z {
        redis ${\$redis->url};
        s3 http://objects host=$host bucket=${\$s3->bucket} prefix=p
           access_key=${\$s3->access} secret_key=${\$s3->secret};
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            query_cache z;
            query_cache_valid 200 10m;
            add_header X-Cache \$query_cache_status;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /stats {
            query_cache_admin z;
        }
    }

    # sees the connections, changes nothing
    server {
        listen 127.0.0.1:%%PORT_front%%;
        access_log %%TESTDIR%%/front.log front;
        keepalive_requests 10000;

        location / {
            proxy_pass ${\$s3->endpoint};
            proxy_set_header Host \$http_host;
            proxy_http_version 1.1;
            client_max_body_size 0;
        }
    }

    server {
        listen 127.0.0.1:%%PORT_up%%;

        location / {
            return 200 "the answer to \$request_uri";
        }
    }
}

EOF

$t->run;

my $count = 20;

for my $n (1 .. $count) {
    is($t->get("/$n")->header('X-Cache'), 'MISS', "$n: a miss");
    ok($t->wait_stats('/stats', 'store', 'stored', $n), "$n: stored");

    my $r = $t->get("/$n");
    is($r->header('X-Cache'), 'HIT', "$n: a hit");
    is($r->body, "the answer to /$n", "$n: the answer");
}

my @lines = split /\n/, slurp($t->testdir . '/front.log');
my %connections = map { (split)[0] => 1 } @lines;
my %kinds;
$kinds{join ' ', (split)[1, 2]}++ for @lines;

is_deeply(\%kinds, { 'PUT 200' => $count, 'GET 200' => $count },
    'what was asked of the store');
cmp_ok(scalar keys %connections, '<=', 4, 'over few connections');
is(scalar(my @objects = $s3->list('p/')), $count, 'as many objects');

done_testing();
