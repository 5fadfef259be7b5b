#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# A client that leaves in the middle of a hit, held or streamed, from disk or
# from S3, leaves nothing behind: its descriptors and its read from the store
# end, the entry stays good, others get it whole.  A read that went on, or an
# entry dropped as corrupt because a client left, would break it.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Body;
use QC::FakeS3;
use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my %sizes = (held => 3_900_000, streamed => 6_000_000);

my $s3 = QC::FakeS3->start(port => port('s3'));
my $up = QC::Upstream->start(port => port('up'), routes => {
    map { ("/disk/$_" => { size => $sizes{$_}, kind => 'random' },
           "/s3/$_"   => { size => $sizes{$_}, kind => 'json' }) } keys %sizes
});

$t->write_file_expand('nginx.conf', <<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone d {
        disk %%TESTDIR%%/store;
        hold 4m;
    }

    query_cache_zone s {
        s3 http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;
        s3_keepalive 1;
        hold 4m;
    }

    query_cache_valid 1h;
    add_header X-Status $query_cache_status;

    server {
        listen 127.0.0.1:%%PORT_8080%% sndbuf=256k;

        location /disk/ {
            query_cache d;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /s3/ {
            query_cache s;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /query_cache/d {
            query_cache_admin d;
        }

        location = /query_cache/s {
            query_cache_admin s;
        }
    }
}

EOF

$t->run;

my %md5;

for my $where ('disk', 's3') {
    my $admin = '/query_cache/' . substr $where, 0, 1;
    my $stored = 0;

    for my $size (sort keys %sizes) {
        my $uri = "/$where/$size";
        my $r = $t->get($uri, discard => 1);
        $md5{$uri} = $r->body_md5;
        ok($t->wait_stats($admin, 'store', 'stored', ++$stored),
            "$uri: stored");
        $r = $t->get($uri, discard => 1);
        is($r->header('X-Status') . $r->body_md5, "HIT$md5{$uri}",
            "$uri: a hit");
    }
}

my ($worker) = $t->worker_pids;
my $files = $t->open_files;

for my $uri (sort keys %md5) {
    my $size = $sizes{($uri =~ m{(\w+)$})[0]};

    # before the first byte is read, in its midst, and near the end

    for my $at (0, 1, 100_000, $size / 2, $size - 1000) {
        my @clients = map { $t->client(rcvbuf => 262144) } 1 .. 3;

        for my $c (@clients) {
            $c->send_request('GET', $uri);
            $c->read_response(stop_after => $at, discard => 1) if $at;
        }

        $clients[0]->reset;
        $clients[1]->close;
        shutdown $clients[2]->socket, 1 if $clients[2]{sock};
        $clients[2]->close;

        ok(wait_until(sub { $t->open_files($worker) <= $files }),
            "$uri, $at B: nothing stays open");
    }

    my $r = $t->get($uri, discard => 1);
    is($r->header('X-Status') . $r->body_md5, "HIT$md5{$uri}",
        "$uri: whole for the next");
}

is(($t->worker_pids)[0], $worker, 'one worker all along');

for my $zone ('d', 's') {
    my $stats = $t->stats("/query_cache/$zone");

    is($stats->{reason}{corrupt}, 0, "$zone: nothing is corrupt");
    is($stats->{request}{broken}, 0, "$zone: no hit broke");
    is($stats->{store}{dropped}, 0, "$zone: nothing was dropped");
    is($stats->{request}{miss}, 2, "$zone: only the first were misses");
}

is($t->stats('/query_cache/s', 's3', 'down'), 0, 'S3 is not blamed');

done_testing();
