#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# A worker that serves a hit of 50 MB to twenty clients that read slowly, from
# disk or from S3, holds a few buffers for each, not the body: it stays under
# 60 MB.  Reading ahead of the clients would take a gigabyte.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Body;
use QC::FakeS3;
use QC::Nginx;
use QC::Upstream;
use QC::Util qw/skip/;

my $t = QC::Nginx->new(log_level => 'info')
    ->has(qw/http proxy query_cache/);

skip('a sanitizer has memory of its own')
    if $t->version_text =~ /-fsanitize/ || $ENV{TEST_NGINX_VALGRIND};

my $mb = 1 << 20;
my $size = 50 * $mb;
my $clients = 20;

my $s3 = QC::FakeS3->start(port => port('s3'));
my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => sub {
        return { size => $size, kind => $_[0]{path} =~ /(\w+)$/ };
    },
});

$t->write_file_expand('nginx.conf', <<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone d {
        disk %%TESTDIR%%/store;
    }

    query_cache_zone s {
        s3 http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;
        s3_read_timeout 30s;
        s3_send_timeout 30s;
    }

    query_cache_valid 1h;
    add_header X-Status $query_cache_status;

    server {
        listen 127.0.0.1:%%PORT_8080%%;

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

my %stored = (d => 0, s => 0);

for my $uri (qw{/disk/json /disk/random /s3/json /s3/random}) {
    my $zone = substr $uri, 1, 1;

    is($t->get($uri, discard => 1, timeout => 30)->error, '', "$uri: whole");
    ok($t->wait_stats("/query_cache/$zone", 'store', 'stored',
        ++$stored{$zone}, 30), "$uri: stored");

    # all of them have begun, and each takes a little more

    my @clients = map { $t->client(rcvbuf => 131072) } 1 .. $clients;

    $_->send_request('GET', $uri) for @clients;
    ok(!(grep { !$_->readable(10) } @clients), "$uri: all are being served");

    my %read = map { $_ => 0 } @clients;

    for my $round (1 .. 20) {
        for my $c (@clients) {
            my $n = sysread $c->socket, my $data, 65536;
            $read{$c} += $n // 0;
        }

        $t->get("/query_cache/$zone");
    }

    ok(!(grep { $_ < 65536 || $_ >= $size } values %read),
        "$uri: none has it all");
    cmp_ok($t->peak_rss, '<', 60 * $mb, "$uri: the worker is small");
    diag(sprintf '%s: %.1f MB', $uri, $t->peak_rss / $mb);
    $_->reset for @clients;

    # and one that has the time

    my $r = $t->get($uri, discard => 1, timeout => 30);
    is($r->header('X-Status') . $r->body_md5, 'HIT'
        . QC::Body->new(size => $size, kind => $uri =~ /(\w+)$/)->md5,
        "$uri: right");
}

cmp_ok($t->peak_rss, '<', 60 * $mb, 'to the end');

done_testing();
