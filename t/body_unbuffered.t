#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Where nginx passes uploads on as they come (proxy_request_buffering off),
# one too large to be cached still is: the upstream has its head and first
# bytes while the client sends.  Reading it before looking at its length
# would delay it and need room for all of it.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Digest::MD5 qw/md5_hex/;

use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => sub { return { body => $_[0]{md5} } },
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

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            query_cache z;
            query_cache_methods POST;
            query_cache_valid 1h;
            query_cache_max_request_body 1000;
            proxy_request_buffering off;
            proxy_http_version 1.1;
            add_header X-Status "$query_cache_status $query_cache_reason";
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /query_cache {
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

my $body = join '', map { "line $_\n" } 1 .. 5000;
my $half = int(length($body) / 2);
my $c = $t->client;

$c->send("POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
    . length($body) . "\r\n\r\n" . substr $body, 0, $half);

ok($up->wait_requests('/a', 1), 'the upstream is asked before the body ends');
ok(wait_until(sub { $up->last('/a')->{length} >= $half }),
    'and has what there is of it');

$c->send(substr $body, $half);
my $r = $c->read_response;
is($r->body, md5_hex($body), 'the rest follows');
is($r->header('X-Status'), 'BYPASS request_body_size', 'bypassed');

# what can be cached is read first: it may turn out to be a hit

$body = substr $body, 0, 1000;
$c->send("POST /b HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n"
    . substr $body, 0, 500);
$t->get('/query_cache');
is($up->hits('/b'), 0, 'the upstream is not asked before the body is read');

$c->send(substr $body, 500);
is($c->read_response->body, md5_hex($body), 'then it is');
ok($t->wait_stats('/query_cache', 'store', 'stored', 1), 'stored');
is($c->post('/b', $body)->header('X-Status'), 'HIT', 'a hit');

done_testing();
