#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# proxy_cache in the same location: entries are served stale as without it,
# but an error that proxy_cache has stored goes out as it is. Each request
# ends, and leaves nothing open.

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
my $up = QC::Upstream->start(port => port('up'), routes => {});

$t->write_file_expand('nginx.conf', <<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        s3 http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;
    }

    proxy_cache_path %%TESTDIR%%/cache keys_zone=p:1m;

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        query_cache z;
        query_cache_bypass $http_x_bypass;
        add_header X-Status "$query_cache_status $upstream_cache_status"
            always;
        proxy_http_version 1.1;
        proxy_cache p;
        proxy_read_timeout 300ms;

        location / {
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /errors/ {
            proxy_cache_valid 200 0;
            proxy_cache_valid 500 502 504 1h;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /stale/ {
            proxy_cache_use_stale error timeout http_503;
            proxy_cache_valid 200 1s;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /revalidate/ {
            proxy_cache_revalidate on;
            proxy_cache_valid 200 1s;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /query_cache {
            query_cache off;
            proxy_cache off;
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

my $stored = 0;

sub stored { $t->wait_stats('/query_cache', 'store', 'stored', ++$stored) }

sub is_answer {
    my ($r, $expected, $name) = @_;

    is(join(' ', $r->status, ($r->header('X-Status') // '-') =~ /^(\w+)/,
        $r->body =~ /^(\w*)/), $expected, $name);
}

for my $kind (500, 'reset', 'hang') {
    my $uri = "/errors/$kind";
    my $c = $t->client;

    $up->set($uri => { body => 'body', headers => ['Cache-Control' =>
        'max-age=0, stale-if-error=600'] });
    is_answer($c->get($uri), '200 MISS body', "$uri: a miss");
    ok(stored(), "$uri: stored");

    $up->set($uri => $kind eq '500' ? { status => 500 } : { $kind => -1 });

    for my $n (1 .. 2) {
        is_answer($c->get($uri), '200 STALE body', "$uri: stale, $n");
    }

    # an error that proxy_cache has

    my $r = $c->get($uri, headers => ['X-Bypass' => 1]);
    cmp_ok($r->status, '>=', 500, "$uri: without an entry");

    my $hits = $up->hits($uri);

    for my $n (1 .. 3) {
        is_answer($c->get($uri), $kind eq '500' ? '500 EXPIRED '
            : '200 STALE body', "$uri: answered, $n");
    }

    is($up->hits($uri), $hits, "$uri: the upstream was not asked");
}

for my $uri ('/validated', '/stale/validated', '/revalidate/validated') {
    my $c = $t->client;

    $up->set($uri => { body => 'body', headers => ['Cache-Control' =>
        'no-cache', ETag => '"a"'] });
    is_answer($c->get($uri), '200 MISS body', "$uri: a miss");
    ok(stored(), "$uri: stored");

    for my $n (1 .. 3) {
        is($c->get($uri)->body, 'body', "$uri: again, $n");
    }

    is($c->get($uri, headers => ['If-None-Match' => '"a"'])->status, 304,
        "$uri: not modified");
}

my $status = $t->stats('/query_cache', 'request', 'broken');
is($status, 0, 'none broken');

done_testing();
