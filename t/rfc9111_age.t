#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# RFC 9111 section 5.1: a hit says how old it is, the time in other caches
# and the time it took included, in every form a hit has; a miss has what the
# upstream said.  Fields that are for one client are not in a hit, targeted
# fields are.  Caches behind this one would keep answers for too long.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Nginx;
use QC::Upstream;
use QC::Util qw/wait_until/;

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/plain' => { body => 'plain', headers => [
        'Cache-Control' => 'max-age=600', ETag => '"a"',
        'Last-Modified' => 'Sun, 06 Nov 1994 08:49:37 GMT'] },
    '/other' => { body => 'other', headers => [
        'Cache-Control' => 'max-age=600', ETag => '"a"', Age => 100] },
    '/large' => { size => 1_000_000, headers => [
        'Cache-Control' => 'max-age=600', Age => 100] },
    '/slow' => { body => 'slow', gate => 'g', headers => [
        'Cache-Control' => 'max-age=600'] },
    '/ends' => { body => 'ends', headers => [
        'Cache-Control' => 'max-age=600', Age => 597] },
    '/accel' => { body => 'accel', headers => [
        'X-Accel-Expires' => 600, Age => 4_000_000_000] },
    '/fields' => { body => 'fields', headers => [
        'CDN-Cache-Control' => 'max-age=600, private="x-mine"',
        'Query-Cache-Control' => '', 'Cache-Control' => 'no-cache="x-all"',
        'X-Mine' => 'a', 'x-mine' => 'b', 'X-All' => 'c'] },
    '/cookie' => { body => 'cookie', headers => ['Set-Cookie' => 'a=b',
        'Cache-Control' => 'max-age=600', 'Set-Cookie' => 'c=d'] },
});

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

$t->write_file_expand('nginx.conf', <<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        disk %%TESTDIR%%/store;
        hold 64k;
    }

    add_header X-Status $query_cache_status;
    add_header X-Age    $query_cache_age;

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            query_cache z;
            query_cache_ignore_headers Set-Cookie;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /query_cache {
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

my $stored = 0;

sub store {
    my ($uri) = @_;

    my $r = $t->get($uri);
    is($r->header('X-Status'), 'MISS', "$uri: a miss");
    ok($t->wait_stats('/query_cache', 'store', 'stored', ++$stored),
        "$uri: stored");

    return $r;
}

sub aged {
    my ($r, $age, $name) = @_;

    is($r->header('X-Status'), 'HIT', "$name: a hit");
    is($r->header('Age'), $r->header('X-Age'), "$name: as in the variable");
    cmp_ok($r->header('Age'), '>=', $age, "$name: old enough");
    cmp_ok($r->header('Age'), '<=', $age + 30, "$name: and not older");
    is(scalar(grep { lc $_->[0] eq 'age' } @{$r->headers}), 1, "$name: once");
}

is(store('/plain')->header('Age'), undef, 'none from the upstream, none');
aged($t->get('/plain'), 0, 'plain');
aged($t->head('/plain'), 0, 'HEAD');
ok(wait_until(sub { $t->get('/plain')->header('Age') > 0 }), 'it grows');

is(store('/other')->header('Age'), 100, 'a miss has what came');
aged($t->get('/other'), 100, 'of another cache');
aged($t->head('/other'), 100, 'its HEAD');

my $r = $t->get('/other', headers => ['If-None-Match' => '"a"']);
is($r->status, 304, 'not modified');
aged($r, 100, '304');

$r = $t->get('/other', headers => [Range => 'bytes=1-2']);
is($r->status, 206, 'a part');
aged($r, 100, '206');

is(store('/large')->header('Age'), 100, 'a large one');
aged($t->get('/large'), 100, 'streamed');

# what the upstream took counts (section 4.2.3: response_delay)

my $c = $t->client;
my $started = time();
$c->send_request('GET', '/slow');
$up->wait_at('g');
wait_until(sub { time() > $started + 2 });
$up->release('g');
is($c->read_response(method => 'GET')->header('X-Status'), 'MISS', 'a slow one');
ok($t->wait_stats('/query_cache', 'store', 'stored', ++$stored), 'stored');
aged($t->get('/slow'), 2, 'slow');

# fresh for what is left of its lifetime

store('/ends');
ok(wait_until(sub {
    $t->get('/ends')->header('X-Status') eq 'EXPIRED' }), 'it ends');
ok($t->wait_stats('/query_cache', 'store', 'stored', ++$stored),
    'and begins anew');

# as old as time itself, and fresh all the same

is(store('/accel')->header('Age'), 4_000_000_000, 'a large number');
$r = $t->get('/accel');
is($r->header('X-Status'), 'HIT', 'is stored');
cmp_ok(abs($r->header('Age') - time()), '<=', 30, 'as old as can be');

# fields

$r = store('/fields');
is(join(',', $r->header_all('X-Mine')), 'a,b', 'private fields of a miss');
$r = $t->get('/fields');
is($r->header('X-Status'), 'HIT', 'fields: a hit');
is($r->header('X-Mine'), undef, 'without what is private');
is($r->header('X-All'), 'c', 'Cache-Control was replaced');
is($r->header('CDN-Cache-Control'), 'max-age=600, private="x-mine"',
    'the targeted field is passed on');
is($r->header('Query-Cache-Control'), '', 'the empty one, too');
is($r->header('Cache-Control'), 'no-cache="x-all"', 'and Cache-Control');

$r = store('/cookie');
is(join(',', $r->header_all('Set-Cookie')), 'a=b,c=d', 'cookies of a miss');
is($t->get('/cookie')->header('Set-Cookie'), undef, 'none in a hit');

done_testing();
