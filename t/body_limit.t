#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# A request body over query_cache_max_request_body is passed on as it is,
# answered BYPASS, neither looked up nor stored; one byte less is cached.
# Hashing only the first part of it would give one key to many queries.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Digest::MD5 qw/md5_hex/;

use QC::Body;
use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => sub { return { body => "$_[0]{md5} $_[0]{length} $_[1]" } },
});

$t->write_file_expand('nginx.conf', <<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    client_max_body_size 8m;

    query_cache_zone z {
        disk %%TESTDIR%%/store;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            query_cache z;
            query_cache_methods GET POST;
            query_cache_valid 1h;
            add_header X-Status "$query_cache_status $query_cache_reason";
            proxy_pass http://127.0.0.1:%%PORT_up%%;

            location /small {
                query_cache_max_request_body 1000;
                proxy_pass http://127.0.0.1:%%PORT_up%%;
            }

            location /none {
                query_cache_max_request_body 0;
                proxy_pass http://127.0.0.1:%%PORT_up%%;
            }
        }

        location = /query_cache {
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

my ($bypassed, $stored) = (0, 0);

sub bypass {
    my ($name, $uri, $body, %o) = @_;

    for my $time ('first', 'second') {
        my $r = $t->post($uri, $body, %o);
        my $want = md5_hex($body) . ' ' . length($body);

        like($r->body, qr/^$want \d+$/, "$name, $time: intact");
        is($r->header('X-Status'), 'BYPASS request_body_size',
            "$name, $time: bypassed");
        $bypassed++;
    }
}

sub cached {
    my ($name, $uri, $body, %o) = @_;

    my $r = $t->post($uri, $body, %o);
    is($r->header('X-Status'), 'MISS absent', "$name: a miss");
    ok($t->wait_stats('/query_cache', 'store', 'stored', ++$stored),
        "$name: stored");
    is($t->post($uri, $body, %o)->body, $r->body, "$name: a hit");
}

my $body = QC::Body->new(size => 3 << 20, kind => 'random')->bytes;
my @chunked = (chunked => 10000);

bypass('3 MB', '/a', $body);
bypass('3 MB, chunked', '/a', $body, @chunked);
bypass('3 MB, expect', '/a', $body, expect => 1);
bypass('1 MB and a byte', '/a', substr $body, 0, (1 << 20) + 1);
cached('1 MB', '/a', substr $body, 0, 1 << 20);

bypass('1001 B', '/small', substr $body, 0, 1001);
bypass('1001 B, chunked', '/small', substr($body, 0, 1001), @chunked);
cached('1000 B', '/small', substr $body, 0, 1000);
cached('1000 B, chunked', '/small/b', substr($body, 0, 1000), @chunked);

bypass('a byte, none allowed', '/none', 'x');
cached('no byte, none allowed', '/none', '');

is($t->stats('/query_cache', 'request', 'bypass'), $bypassed, 'bypasses');
is($t->stats('/query_cache', 'reason', 'request_body_size'), $bypassed,
    'their reason');
is($t->stats('/query_cache', 'store', 'stored'), $stored,
    'nothing else was stored');

done_testing();
