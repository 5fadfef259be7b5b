#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Bodies of any size go to a real object store, Ceph's gateway, and come back
# as they were: nothing, a byte, 64 KB, 1 MB, 50 MB, 300 MB.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Body;
use QC::Nginx;
use QC::Services qw/rgw/;
use QC::Upstream;

my $t = QC::Nginx->new(log_level => 'info')
    ->has(qw/http proxy query_cache/);

my $mb = 1 << 20;
my $s3 = rgw();
my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => sub {
        my ($kind, $size) = $_[0]{path} =~ m{(\w+)/(\d+)$};
        return { size => $size, kind => $kind };
    },
});

$t->write_file_expand('nginx.conf', <<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        s3 ${\$s3->endpoint} bucket=${\$s3->bucket}
           access_key=${\$s3->access} secret_key=${\$s3->secret};
        s3_read_timeout 30s;
        s3_send_timeout 30s;
        store_timeout 60s;
    }

    query_cache_valid 1h;
    query_cache_max_size 400m;
    add_header X-Status \$query_cache_status;

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            query_cache z;
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

for my $body (['json', 0], ['json', 1], ['json', 65536], ['json', $mb],
    ['random', $mb + 1], ['random', 20 * $mb], ['json', 50 * $mb],
    ['json', 300 * $mb])
{
    my ($kind, $size) = @$body;
    my $uri = "/$kind/$size";
    my $md5 = QC::Body->new(size => $size, kind => $kind)->md5;

    my $r = $t->get($uri, discard => 1, timeout => 30);
    is($r->header('X-Status') . $r->error . $r->body_md5, "MISS$md5",
        "$uri: a miss, right");
    ok($t->wait_stats('/query_cache', 'store', 'stored', ++$stored, 30),
        "$uri: stored");

    $r = $t->get($uri, discard => 1, timeout => 30);
    is($r->header('X-Status') . $r->error . $r->body_md5, "HIT$md5",
        "$uri: a hit, right");
}

my $stats = $t->stats('/query_cache');
is($stats->{reason}{corrupt}, 0, 'nothing is corrupt');
is($stats->{request}{fallback}, 0, 'nothing was fetched in vain');
my @objects = $s3->list;
is(scalar @objects, $stored, 'as many objects as bodies');

done_testing();
