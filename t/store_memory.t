#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# What captures and pending stores hold in memory is at most store_memory: an
# answer that does not fit is passed on whole, not stored, and counted; when
# the others are done there is room again.  Without the bound a store that
# stands still would fill the memory of the worker.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::FakeS3;
use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $size = 600_000;
my $s3 = QC::FakeS3->start(port => port('s3'));
my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => sub {
        return { size => $size, seed => $_[0]{path}, kind => 'random' };
    },
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
        store_memory 2m;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            query_cache z;
            query_cache_valid 1h;
            query_cache_compress none;
            query_cache_capture_buffer 1m;
            add_header X-Status $query_cache_status;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /file {
            query_cache z;
            query_cache_valid 1h;
            query_cache_compress none;
            query_cache_capture_buffer 64k;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /query_cache {
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

sub refused { return $t->stats('/query_cache', 'reason', 'store_memory') }

for my $round (1 .. 3) {
    $s3->hold('put');
    $s3->fault('stall', gate => 'put', match => qr/^PUT/, times => 0);

    # three of them fit

    for my $n (1 .. 3) {
        is($t->get("/$round/$n")->body_length, $size, "$round/$n: whole");
        ok($s3->wait_at('put', $n), "$round/$n: being stored");
    }

    is(refused(), 2 * ($round - 1), "$round: none was refused");

    # two more do not: the client does not notice

    for my $n (4 .. 5) {
        my $r = $t->get("/$round/$n");
        is($r->error . $r->body_length, $size, "$round/$n: whole");
    }

    is(refused(), 2 * $round, "$round: two were refused");

    # a file takes but little

    is($t->get("/file/$round")->body_length, $size, "$round/file: whole");
    ok($s3->wait_at('put', 4), "$round/file: being stored");

    $s3->release('put');
    $s3->clear_faults;
    ok($t->wait_stats('/query_cache', 'store', 'stored', 4 * $round),
        "$round: what fitted is stored");
    is($t->get("/$round/3")->header('X-Status'), 'HIT', "$round/3: a hit");
}

is($t->stats('/query_cache', 'store', 'stored'), 12, 'nothing else');

done_testing();
