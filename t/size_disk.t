#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Bodies of any size come back from the disk as they were: nothing, a byte,
# around the sizes of buffers, of blocks and of "hold", compressed or not.  An
# off-by-one at a buffer's end would show in the md5.

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

my @sizes = (0, 1, 2, 63, 64, 65, 4095, 4096, 4097, 32767, 32768, 32769,
    65535, 65536, 65537, 131072, 262143, 262144, 262145, $mb - 1, $mb,
    $mb + 1, 2 * $mb);

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

for my $coding ('zstd', 'gzip', 'none') {
    round_trip("/$coding/json/$_", $_, 'json') for @sizes;
}

round_trip("/zstd/random/$_", $_, 'random') for @sizes;

is($t->stats('/query_cache', 'reason', 'corrupt'), 0, 'nothing is corrupt');

done_testing();
