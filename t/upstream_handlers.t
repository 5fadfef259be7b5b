#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# What answers in a location need be no upstream: files, their index,
# autoindex, and handlers of other modules run as if the cache were not
# there, and are cached by query_cache_valid.  "return" answers before the
# cache is asked and never is.  A handler that was called twice, or not by
# the phases it belongs to, would break it.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Nginx;

my $t = QC::Nginx->new->has(qw/http empty_gif stub_status autoindex
    query_cache/);

$t->write_file_expand('nginx.conf', <<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        disk %%TESTDIR%%/store;
    }

    query_cache z;
    query_cache_methods GET HEAD POST;
    query_cache_valid 1h;
    add_header X-Status "$query_cache_status" always;

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
        }

        location /sendfile/ {
            alias %%TESTDIR%%/files/;
            sendfile on;
        }

        location /list/ {
            alias %%TESTDIR%%/files/;
            autoindex on;
        }

        location = /gif {
            empty_gif;
        }

        location = /status {
            stub_status;
        }

        location = /return {
            return 200 "returned";
        }

        location = /off {
            query_cache off;
            empty_gif;
        }

        location = /query_cache {
            query_cache off;
            query_cache_admin z;
        }
    }
}

EOF

mkdir $t->testdir . '/files';
$t->write_file('files/small', 'a small file');
$t->write_file('files/big', join '', map { "line $_\n" } 1 .. 100_000);
$t->write_file('files/empty', '');
$t->write_file('files/index.html', 'the index');
$t->run;

my $stored = 0;

for my $uri (qw{/files/small /files/big /files/empty /sendfile/big /list/
    /gif /status /files/})
{
    my $r = $t->get($uri);
    is($r->status . $r->error, 200, "$uri: an answer");
    is($r->header('X-Status'), 'MISS', "$uri: a miss");
    ok($t->wait_stats('/query_cache', 'store', 'stored', ++$stored),
        "$uri: stored");

    my $hit = $t->get($uri);
    is($hit->header('X-Status'), 'HIT', "$uri: a hit");
    is($hit->body_md5, $r->body_md5, "$uri: the same");
    is($hit->header($_), $r->header($_), "$uri: $_")
        for qw/Content-Type Content-Length Last-Modified ETag/;
}

is($t->get('/files/big')->body_md5, $t->get('/sendfile/big')->body_md5,
    'the file, read or sent');
is($t->get('/files/')->body, 'the index', 'an index');

# the stored answer, not the file, from now on

$t->write_file('files/small', 'another file');
is($t->get('/files/small')->body, 'a small file', 'a file that has changed');
is($t->head('/files/small')->header('Content-Length'), 12, 'HEAD');

# answers of nginx itself

is($t->get('/files/none')->status, 404, 'no file');
is($t->get('/files/none')->header('X-Status'), 'MISS', 'is not stored');
is($t->get('/files')->status, 301, 'a folder without its slash');
is($t->post('/files/small', 'x')->status, 405, 'POST to a file');
is($t->post('/files/small', 'x')->header('X-Status'), 'MISS', 'is a miss');

for my $time (1, 2) {
    is($t->get('/return')->body, 'returned', 'return');
    is($t->get('/return')->header('X-Status'), undef, 'is not looked up');
    is($t->get('/off')->header('X-Status'), undef, 'off');
}

# connections go on after each of them

my $c = $t->client;

for my $uri (qw{/gif /files/small /status /files/none /list/ /return}) {
    ok($c->get($uri)->complete, "$uri on one connection");
    ok($c->post($uri, 'body' x 1000)->complete, "POST $uri on it");
}

is($t->stats('/query_cache', 'request', 'bypass'), 0, 'nothing bypassed');

done_testing();
