#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# What error_page or X-Accel-Redirect brings elsewhere is cached there, under
# the URI it was brought to, with what that location says and sends; the
# first answer's length, lifetime and body have no part in it.  A context or
# capture that survived the redirect would store one under the other.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/a' => { status => 404, body => 'upstream says no', headers => [
        'X-Accel-Expires' => 1000, 'Cache-Control' => 'max-age=1000'] },
    '/b' => { status => 404, body => 'upstream says no' },
    '/accel' => { body => 'not this', headers => [
        'X-Accel-Redirect' => '/static/file', 'X-Accel-Expires' => 1000] },
    '/fresh' => { body => 'no', headers => [
        'X-Accel-Expires' => 1000, 'X-Accel-Redirect' => '/short/file'] },
    '/named' => { status => 503, body => 'busy' },
});
my $other = QC::Upstream->start(port => port('other'), routes => {
    '/named' => { body => 'the other upstream' },
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
    add_header X-Status "$query_cache_status $query_cache_reason" always;
    add_header X-Key $query_cache_key always;

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            query_cache_valid any 1h;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
            proxy_intercept_errors on;
            error_page 404 =200 /static/file;
            error_page 503 = @other;
        }

        location /static/ {
            query_cache_valid 1h;
        }

        location /short/ {
            query_cache_valid 0s;
        }

        location @other {
            query_cache_valid 1h;
            proxy_pass http://127.0.0.1:%%PORT_other%%;
        }

        location = /query_cache {
            query_cache off;
            query_cache_admin z;
        }
    }
}

EOF

mkdir $t->testdir . "/$_" for qw/static short/;
$t->write_file('static/file', 'a file ' x 100);
$t->write_file('short/file', 'short');
$t->run;

my $file = 'a file ' x 100;
my $key;

# whose status is not the file's own: it is looked up, and not stored

for my $uri ('/a', '/a', '/b') {
    my $r = $t->get($uri);
    is($r->status . $r->body, "200$file", "$uri: an error page instead");
    is($r->header('X-Status'), 'MISS status', "$uri: not stored");
    is($r->header('X-Key'), $key //= $r->header('X-Key'), "$uri: its key");
}

is($up->hits('/a'), 2, 'the upstream was asked each time');
is($t->stats('/query_cache', 'store', 'stored'), 0, 'nothing was stored');

# X-Accel-Redirect, by an upstream whose own answer has another length

my $r = $t->get('/accel');
is($r->status . ' ' . $r->header('X-Status') . $r->body,
    "200 MISS absent$file", 'X-Accel-Redirect');
ok($t->wait_stats('/query_cache', 'store', 'stored', 1), 'stored');
$r = $t->get('/accel');
is($r->status . ' ' . $r->header('X-Status') . $r->body,
    "200 HIT$file", 'X-Accel-Redirect: a hit');
is($up->hits('/accel'), 2, 'the upstream was asked each time');

# the lifetime is that of the location, not of the first answer

for my $time ('first', 'second') {
    $r = $t->get('/fresh');
    is($r->body, 'short', "$time: another file");
    is($r->header('X-Status'), 'MISS freshness', "$time: not to be stored");
}

# a named location with another upstream

$r = $t->get('/named');
is($r->status . ' ' . $r->header('X-Status') . $r->body,
    '200 MISS absentthe other upstream', 'a named location');
ok($t->wait_stats('/query_cache', 'store', 'stored', 2), 'stored');
$r = $t->get('/named');
is($r->header('X-Status') . $r->body, 'HITthe other upstream', 'a hit');

is($up->hits('/named'), 2, 'the first upstream is asked again');
is($other->hits('/named'), 1, 'the other one is not');

done_testing();
