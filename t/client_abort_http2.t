#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# A stream of HTTP/2 that the client resets, in a hit or while its answer is
# captured, takes only itself along: the connection's next stream is served,
# the entry stays good, nothing half is served, no descriptor stays open.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::FakeS3;
use QC::Nginx;
use QC::TLS;
use QC::Upstream;
use QC::Util qw/need_program/;

need_program(qw/curl openssl/);

my $t = QC::Nginx->new->has(qw/http proxy v2 ssl query_cache/);
my $ca = QC::TLS->ca($t->testdir);
my ($cert, $key) = $ca->cert('localhost');

my $size = 6_000_000;
my $s3 = QC::FakeS3->start(port => port('s3'));
my $up = QC::Upstream->start(port => port('up'), routes => {
    '/disk/held' => { size => $size / 2, kind => 'random' },
    '/s3/held'   => { size => $size / 2, kind => 'random' },
    '/disk/one'  => { size => 1 },
    '/s3/one'    => { size => 1 },
    '/*'         => { size => $size, kind => 'random' },
});

$t->write_file_expand('nginx.conf', <<"EOF");

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
    add_header X-Status \$query_cache_status;

    server {
        listen 127.0.0.1:%%PORT_8080%%;
        listen 127.0.0.1:%%PORT_8443%% ssl http2;

        ssl_certificate $cert;
        ssl_certificate_key $key;

        location /disk/ {
            query_cache d;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /s3/ {
            query_cache s;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /query_cache/d {
            query_cache_admin d;
        }

        location /query_cache/s {
            query_cache_admin s;
        }
    }
}

EOF

$t->run;

my $url = 'https://127.0.0.1:' . port('8443');
my %md5;

for my $where ('disk', 's3') {
    my $admin = '/query_cache/' . substr $where, 0, 1;
    my $stored = 0;

    for my $name (qw/one held streamed/) {
        my $uri = "/$where/$name";
        $md5{$uri} = $t->get($uri)->body_md5;
        ok($t->wait_stats($admin, 'store', 'stored', ++$stored),
            "$uri: stored");
        is($t->get($uri)->body_md5, $md5{$uri}, "$uri: a hit");
    }
}

my ($worker) = $t->worker_pids;
my $files = $t->open_files;
my $null = $t->testdir . '/out';

# curl resets the stream of what is too large for it, when it has its head

for my $where ('disk', 's3') {
    for my $name (qw/held streamed missed/) {
        my $uri = "/$where/$name";

        for my $time (1 .. 5) {
            my $r = curl('--http2', '--cacert', $ca->file, '--max-filesize',
                1000, '-w', '%{http_code} %{num_connects} %{exitcode}, ',
                '-o', $null, '-o', $null, $url . $uri, "$url/$where/one");

            is($r->{body}, '200 1 63, 200 0 0, ',
                "$uri, $time: reset, the next stream is served");
        }

        ok(wait_until(sub { $t->open_files($worker) <= $files }),
            "$uri: nothing stays open");

        # what was missed may have come whole before the reset

        my $r = $t->get($uri);
        is($r->body_md5, $md5{$uri} // $md5{"/$where/streamed"},
            "$uri: whole for the next");
        is($r->header('X-Status'), 'HIT', "$uri: a hit") if $md5{$uri};
    }

    my $stats = $t->stats('/query_cache/' . substr $where, 0, 1);
    is($stats->{store}{dropped}, 0, "$where: nothing was dropped");
    is($stats->{reason}{corrupt}, 0, "$where: nothing is corrupt");
}

is(($t->worker_pids)[0], $worker, 'one worker all along');

done_testing();
