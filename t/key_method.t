#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Methods: HEAD is answered from what GET stored, POST never shares with
# GET, HEAD stores nothing, and others are passed on untouched.  A HEAD that
# stored its empty body would serve it to every GET.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => sub {
        return { body => "$_[0]{method} $_[0]{body}", headers => [
            'ETag' => '"e"', 'X-Rows' => 3] };
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

    query_cache z;
    query_cache_valid 1h;
    add_header X-Status "$query_cache_status $query_cache_reason";
    add_header X-Key $query_cache_key;

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            query_cache_methods GET HEAD POST;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /default {
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /post {
            query_cache_methods POST;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /query_cache {
            query_cache off;
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

sub stored { return $t->wait_stats('/query_cache', 'store', 'stored', @_) }

# HEAD first: the upstream answers it, nothing is kept

my $r = $t->head('/a');
is($r->header('X-Status'), 'MISS absent', 'HEAD: a miss');
is($r->header('Content-Length'), 5, 'HEAD: a length');
is($t->head('/a')->header('X-Status'), 'MISS absent', 'HEAD stores nothing');
is($up->last('/a')->{method}, 'HEAD', 'HEAD stays HEAD upstream');

my $get = $t->get('/a');
is($get->header('X-Status'), 'MISS absent', 'GET: a miss');
ok(stored(1), 'GET: stored');

$r = $t->head('/a');
is($r->header('X-Status'), 'HIT', 'HEAD: a hit of GET');
is($r->header($_), $get->header($_), "HEAD: $_")
    for qw/Content-Length Content-Type ETag X-Rows X-Key/;
is($t->get('/a')->body, 'GET ', 'GET: a hit, whole');

# POST is another class, with an empty body, too

for my $body ('', 'q') {
    $r = $t->post('/a', $body);
    is($r->header('X-Status'), 'MISS absent', "POST \"$body\": a miss");
    is($r->body, "POST $body", "POST \"$body\": its own answer");
    isnt($r->header('X-Key'), $get->header('X-Key'), "POST \"$body\": its key");
}

ok(stored(3), 'POST: stored');
is($t->post('/a', 'q')->header('X-Status'), 'HIT', 'POST: a hit');
is($t->get('/a')->body, 'GET ', 'GET is still GET');

# the rest

for my $method (qw/PUT DELETE PATCH OPTIONS/) {
    $r = $t->request($method, '/a', body => 'data');
    is($r->header('X-Status'), 'BYPASS method', "$method: bypassed");
    is($r->body, "$method data", "$method: passed on");
    is($r->header('X-Key'), undef, "$method: no key");
}

is($t->post('/default', 'q')->header('X-Status'), 'BYPASS method',
    'POST is not cached unless asked for');
is($t->get('/default')->header('X-Status'), 'MISS absent', 'GET is');
is($t->get('/post')->header('X-Status'), 'BYPASS method',
    'GET is not if left out');

is($t->stats('/query_cache', 'request', 'bypass'), 6, 'bypasses counted');
is($t->stats('/query_cache', 'reason', 'method'), 6, 'their reason, too');

done_testing();
