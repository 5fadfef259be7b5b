#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Every directive is inherited from http and server, can be replaced as a
# whole by the level below, and switched off there.  Fails if a merge takes
# the default instead of the level above, or adds to it.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $up = QC::Upstream->start(port => port('up'),
    routes => { '/*' => { body => 'x' x 100 },
        '/steered/*' => { body => 'x' x 100, headers => ['Expires' => 0,
            'CDN-Cache-Control' => 'must-revalidate',
            'My-Cache-Control' => 'no-store', 'Set-Cookie' => 'a=b'] },
        '/modified/*' => { body => 'x' x 100, headers => [
            'Last-Modified' => 'Sun, 06 Nov 1994 08:49:37 GMT'] } });

$t->write_file_expand('nginx.conf', <<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone a {
        disk %%TESTDIR%%/a;
    }

    query_cache_zone b {
        disk %%TESTDIR%%/b;
    }

    map $http_x_none $none {
        default "";
    }

    query_cache           a;
    query_cache_methods   GET POST;
    query_cache_key       args=$arg_k;
    query_cache_valid     200 10m;
    query_cache_bypass    $http_x_bypass;
    query_cache_no_store  $http_x_no_store;
    query_cache_min_size  50;
    query_cache_max_size  500;
    query_cache_max_request_body 5;
    query_cache_namespace one;
    query_cache_compress  none;
    query_cache_targeted  My-Cache-Control;
    query_cache_heuristic on;
    query_cache_ignore_headers Set-Cookie;

    add_header X-Status "$query_cache_status" always;
    add_header X-Reason "$query_cache_reason" always;
    add_header X-Key    "$query_cache_key" always;

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            proxy_pass http://127.0.0.1:%%PORT_up%%;

            location /off {
                query_cache off;
                proxy_pass  http://127.0.0.1:%%PORT_up%%;

                location /off/on {
                    query_cache b;
                    proxy_pass  http://127.0.0.1:%%PORT_up%%;
                }
            }

            location /b {
                query_cache b;
                proxy_pass  http://127.0.0.1:%%PORT_up%%;
            }

            location /methods {
                query_cache_methods HEAD;
                proxy_pass          http://127.0.0.1:%%PORT_up%%;
            }

            location /key {
                query_cache_key host=;
                proxy_pass      http://127.0.0.1:%%PORT_up%%;
            }

            location /valid {
                query_cache_valid 404 1m;
                proxy_pass        http://127.0.0.1:%%PORT_up%%;
            }

            location /rules {
                query_cache_bypass   $none;
                query_cache_no_store $none;
                proxy_pass           http://127.0.0.1:%%PORT_up%%;
            }

            location /steered/targeted {
                query_cache_targeted CDN-Cache-Control;
                proxy_pass           http://127.0.0.1:%%PORT_up%%;
            }

            location /steered/headers {
                query_cache_targeted       off;
                query_cache_ignore_headers Expires;
                proxy_pass                 http://127.0.0.1:%%PORT_up%%;
            }

            location /modified/on {
                query_cache_valid 404 1m;
                proxy_pass        http://127.0.0.1:%%PORT_up%%;
            }

            location /modified/off {
                query_cache_valid     404 1m;
                query_cache_heuristic off;
                proxy_pass            http://127.0.0.1:%%PORT_up%%;
            }

            location /min {
                query_cache_min_size 101;
                proxy_pass           http://127.0.0.1:%%PORT_up%%;
            }

            location /max {
                query_cache_max_size 99;
                proxy_pass           http://127.0.0.1:%%PORT_up%%;
            }

            location /body {
                query_cache_max_request_body 10;
                proxy_pass                   http://127.0.0.1:%%PORT_up%%;
            }

            location = /stats/a {
                query_cache       off;
                query_cache_admin a;
            }

            location = /stats/b {
                query_cache       off;
                query_cache_admin b;
            }
        }
    }

    server {
        listen 127.0.0.1:%%PORT_off%%;

        query_cache off;

        location / {
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /on {
            query_cache b;
            proxy_pass  http://127.0.0.1:%%PORT_up%%;
        }
    }
}

EOF

$t->run;

my %stored = (a => 0, b => 0);

sub said {
    my ($r) = @_;

    return join ' ', $r->header('X-Status') // '-',
        $r->header('X-Reason') // ();
}

# a miss, and stored in that zone; or the reason why not

sub first {
    my ($uri, $zone, $method, %o) = @_;

    is(said($t->request($method // 'GET', $uri, %o)), 'MISS absent',
        "$uri: a miss");
    ok($t->wait_stats("/stats/$zone", 'store', 'stored', ++$stored{$zone}),
        "$uri: stored in $zone");
    is(said($t->request($method // 'GET', $uri, %o)), 'HIT',
        "$uri: then a hit");
}

sub get { return said($t->get(@_)) }

first('/', 'a');
first('/post', 'a', 'POST', body => '12345');
is(said($t->head('/')), 'BYPASS method', 'HEAD is no method here');
is(said($t->post('/', '123456')), 'BYPASS request_body_size',
    'a body over the limit');
is(get('/?x=1'), 'HIT', 'other arguments, the same key');
is(get('/', headers => ['X-Bypass' => 1]), 'BYPASS bypass_rule', 'bypass');
ok($t->wait_stats('/stats/a', 'store', 'stored', ++$stored{a}), 'is stored');
get('/new', headers => ['X-No-Store' => 1]);
is($t->stats('/stats/a', 'reason', 'no_store_rule'), 1, 'no_store');
first('/ns?k=1', 'a');

is(get('/off'), '-', 'off');
first('/off/on', 'b');
first('/b', 'b');
is($t->stats('/stats/a', 'store', 'stored'), $stored{a}, 'not in both');

is(get('/methods'), 'BYPASS method', 'methods: replaced, not added to');
my @keys = map { $t->get("/key?k=$_")->header('X-Key') } 1, 2;
isnt($keys[0], $keys[1], 'key: replaced');
$stored{a} += 2;
ok($t->wait_stats('/stats/a', 'store', 'stored', $stored{a}), 'key: stored');

my $before = $t->stats('/stats/a', 'reason', 'freshness');
get('/valid');
is($t->stats('/stats/a', 'reason', 'freshness'), $before + 1,
    'valid: replaced');

first('/rules', 'a', 'GET', headers => ['X-Bypass' => 1, 'X-No-Store' => 1]);
is(get('/steered/'), 'MISS cache_control', 'targeted, ignore_headers');
first('/steered/targeted', 'a');
is(get('/steered/headers'), 'MISS set_cookie', 'ignore_headers: replaced');
first('/modified/on', 'a');
is(get('/modified/off'), 'MISS freshness', 'heuristic: replaced');

get('/min');
is($t->stats('/stats/a', 'reason', 'min_size'), 1, 'min_size: replaced');
get('/max');
is($t->stats('/stats/a', 'reason', 'max_size'), 1, 'max_size: replaced');
first('/body', 'a', 'POST', body => '1234567890');

is(get('/', port => 'off'), '-', 'off for a server');
first('/on', 'b', 'GET', port => 'off');

done_testing();
