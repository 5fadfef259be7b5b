#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Large bodies, of 50 MB and 300 MB, compressed or not, come back from the disk
# as they were, and the worker that captures, stores and serves them does not
# grow with them: all of it goes through files and fixed buffers.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Body;
use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new(log_level => 'info')
    ->has(qw/http proxy query_cache/);

my $mb = 1 << 20;

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => sub {
        my ($kind, $size) = $_[0]{path} =~ m{(\w+)/(\d+)$};
        return { size => $size, kind => $kind, seed => $size % 7,
            chunked => $size % 2 };
    },
});

$t->write_file_expand('nginx.conf', <<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        disk %%TESTDIR%%/store;
    }

    query_cache_valid 1h;
    query_cache_max_size 400m;
    proxy_http_version 1.1;
    add_header X-Status $query_cache_status;

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            query_cache z;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /gzip/ {
            query_cache z;
            query_cache_compress gzip;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /none/ {
            query_cache z;
            query_cache_compress none;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /query_cache {
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

my $stored = 0;

sub round_trip {
    my ($uri, $size, $kind) = @_;

    my $md5 = QC::Body->new(size => $size, kind => $kind,
        seed => $size % 7)->md5;

    my $r = $t->get($uri, discard => 1, timeout => 30);
    is($r->header('X-Status') . $r->error . $r->body_md5, "MISS$md5",
        "$uri: a miss, right");
    ok($t->wait_stats('/query_cache', 'store', 'stored', ++$stored, 30),
        "$uri: stored");

    $r = $t->get($uri, discard => 1, timeout => 30);
    is($r->header('X-Status') . $r->error . $r->body_md5, "HIT$md5",
        "$uri: a hit, right");
    is($r->header('Content-Length'), $size, "$uri: its length");
}

round_trip('/zstd/json/' . 50 * $mb, 50 * $mb, 'json');
round_trip('/none/json/' . 50 * $mb, 50 * $mb, 'json');
round_trip('/zstd/random/' . 50 * $mb, 50 * $mb, 'random');
round_trip('/zstd/json/' . 300 * $mb, 300 * $mb, 'json');

cmp_ok($t->peak_rss, '<', 100 * $mb, 'the worker is small');
is($t->stats('/query_cache', 'reason', 'corrupt'), 0, 'nothing is corrupt');

done_testing();
