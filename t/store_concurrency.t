#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# A worker runs store_concurrency stores of a zone at once, no more; the next
# begins when one ends, well or not.  Without the bound a slow S3 would take
# all connections of the worker; with a slot that is not given back storing
# would stop for ever.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::FakeS3;
use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $s3 = QC::FakeS3->start(port => port('s3'));
my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => sub { return { body => $_[0]{path} } },
});

$t->write_file_expand('nginx.conf', <<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        s3 http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;
        s3_read_timeout 30s;
        s3_max_fails 1000;
        store_concurrency 2;
        store_retries 0;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            query_cache z;
            query_cache_valid 1h;
            add_header X-Status $query_cache_status;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /query_cache {
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

# seven answers, the first two of which are being stored

$s3->fault('stall', gate => 'put', match => qr/^PUT/, times => 0);

my $c = $t->client;

for my $n (1 .. 7) {
    is($c->get("/$n")->body, "/$n", "/$n: answered");
}

ok($s3->wait_at('put', 2), 'two are being stored');
$t->get('/query_cache') for 1 .. 3;
is($s3->count(qr/^PUT/), 2, 'and no others');
is($c->get('/1')->header('X-Status'), 'MISS', 'not yet to be had');

for my $n (3 .. 7) {
    $s3->release_one('put');
    ok($s3->wait_requests(qr/^PUT/, $n), 'one ends, the next begins');
    is($s3->waiting('put'), 2, 'two at once');
}

$s3->release('put');
ok($t->wait_stats('/query_cache', 'store', 'stored', 7), 'all are stored');

is($c->get("/$_")->header('X-Status'), 'HIT', "/$_: a hit") for 1 .. 7;

# those that fail give their slots back, too

$s3->clear_faults;
$s3->fault('status', status => 403, match => qr/^PUT/, times => 5);

for my $n (11 .. 15) {
    is($c->get("/$n")->body, "/$n", "/$n: answered");
}

ok($t->wait_stats('/query_cache', 'store', 'failed', 5), 'all have failed');

for my $n (21 .. 25) {
    is($c->get("/$n")->body, "/$n", "/$n: answered");
}

ok($t->wait_stats('/query_cache', 'store', 'stored', 12),
    'and storing goes on');
is($t->stats('/query_cache', 's3', 'denied'), 5, 'the fault is counted');
is(scalar $t->error_log(qr/access was denied/), 1, 'and logged once');

done_testing();
