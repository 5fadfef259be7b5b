#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Bodies of any size go to S3 and come back as they were: nothing, a byte,
# around the sizes of buffers and of "hold", 50 MB.  A wrong length or
# payload hash, or a body sent again from where it was, would be refused or
# show in the md5.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Body;
use QC::FakeS3;
use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new(log_level => 'info')
    ->has(qw/http proxy query_cache/);

my $mb = 1 << 20;

my @sizes = (0, 1, 63, 64, 65, 4096, 32767, 32768, 32769, 65535, 65536,
    65537, 262144, 262145, $mb - 1, $mb, $mb + 1, 3 * $mb);

my $s3 = QC::FakeS3->start(port => port('s3'));
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
        s3 http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;
        s3_read_timeout 30s;
        s3_send_timeout 30s;
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

    for my $time ('first', 'second') {
        $r = $t->get($uri, discard => 1, timeout => 30);
        is($r->header('X-Status') . $r->error . $r->body_md5, "HIT$md5",
            "$uri: a hit, right, $time");
    }
}

round_trip("/zstd/json/$_", $_, 'json') for @sizes;
round_trip("/none/json/$_", $_, 'json') for @sizes;
round_trip("/zstd/random/$_", $_, 'random') for @sizes;
round_trip('/zstd/json/' . 50 * $mb, 50 * $mb, 'json');
round_trip('/none/json/' . 50 * $mb, 50 * $mb, 'json');

my $stats = $t->stats('/query_cache');
is($stats->{reason}{corrupt}, 0, 'nothing is corrupt');
is($stats->{request}{fallback}, 0, 'nothing was fetched in vain');
is($stats->{store}{failed}, 0, 'no store failed');
is($stats->{store}{retried}, 0, 'and none was repeated');
is($s3->count(qr/^PUT/), $stored, 'one PUT each');

done_testing();
