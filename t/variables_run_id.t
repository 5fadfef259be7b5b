#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# $query_cache_run_id is the same wherever one upstream run uses it, and
# another in each run: of other requests, of one that waited in vain, of the
# second run of a request, of a background fill.  It is no part of a key, and
# empty for hits and where the cache is off.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my @fresh = ('Cache-Control' => 'max-age=600');

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/a' => { body => 'a', headers => [@fresh] },
    '/b' => { body => 'b', headers => [@fresh] },
    '/named' => { body => 'named', headers => [@fresh] },
    '/off' => { body => 'off' },
    '/stale' => [
        { body => 'old', headers => ['Cache-Control' =>
            'max-age=0, stale-while-revalidate=600'] },
        { body => 'new', headers => [@fresh] },
    ],
    '/twice' => [
        { body => 'old', headers => ['Cache-Control' => 'max-age=0',
            ETag => '"1"'] },
        { status => 304, headers => [ETag => '"2"'] },
        { body => 'new', headers => [@fresh] },
    ],
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

    log_format id '$uri $query_cache_run_id $query_cache_status.';
    access_log %%TESTDIR%%/id.log id;

    proxy_http_version 1.1;
    proxy_method POST;
    proxy_set_header Run $query_cache_run_id;
    proxy_set_header Run-Again "again-$query_cache_run_id";
    proxy_set_body "body-$query_cache_run_id";

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            query_cache z;
            query_cache_revalidate on;
            query_cache_keep 1h;
            add_header X-Id "$query_cache_run_id";
            add_header X-Status $query_cache_status;
            proxy_pass http://127.0.0.1:%%PORT_up%%$uri?id=$query_cache_run_id;
        }

        location /named {
            query_cache z;
            query_cache_key id=$query_cache_run_id;
            add_header X-Status $query_cache_status;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /off {
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /stats {
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

my %seen;
my $stored = 0;

sub check {
    my ($name, $req) = @_;

    my $id = $req->{headers}{run} // '';

    like($id, qr/^[0-9a-f]{32}$/, "$name: an id");
    is($req->{headers}{'run-again'}, "again-$id", "$name: of all fields");
    is($req->{body}, "body-$id", "$name: of the body");
    is($req->{args}, "id=$id", "$name: of the arguments");
    ok(!$seen{$id}++, "$name: no other's");

    return $id;
}

for my $uri (qw{/a /b}) {
    my $r = $t->get($uri);
    my $id = check($uri, $up->last($uri));

    is($r->header('X-Id'), $id, "$uri: of the answer");
    ok($t->wait_stats('/stats', 'store', 'stored', ++$stored), 'stored');

    $r = $t->get($uri);
    is($r->header('X-Status'), 'HIT', "$uri: no part of the key");
    is($r->header('X-Id'), undef, "$uri: a hit has none");
    ok(wait_until(sub {
        slurp($t->testdir . '/id.log') =~ m{^\Q$uri $id\E MISS\.$}m
    }), "$uri: in the access log");
    ok(wait_until(sub {
        slurp($t->testdir . '/id.log') =~ m{^\Q$uri\E - HIT\.$}m
    }), "$uri: but not of the hit");
}

# even if one asks for it

$t->get('/named');
ok($t->wait_stats('/stats', 'store', 'stored', ++$stored), 'named: stored');
is($t->get('/named')->header('X-Status'), 'HIT', 'named: one key');

# a background fill

$t->get('/stale');
check('stale', $up->last('/stale'));
ok($t->wait_stats('/stats', 'store', 'stored', ++$stored), 'stale: stored');
is($t->get('/stale')->body, 'old', 'stale: served');
ok($t->wait_stats('/stats', 'store', 'stored', ++$stored), 'stale: filled');
is($up->hits('/stale'), 2, 'stale: two runs');
check('fill', $up->last('/stale'));

# two runs of a request

$t->get('/twice');
check('first', $up->last('/twice'));
ok($t->wait_stats('/stats', 'store', 'stored', ++$stored), 'twice: stored');

my $r = $t->get('/twice');
is($r->body, 'new', 'twice: a validation, and the whole');

my @runs = $up->requests('/twice');
is(scalar @runs, 3, 'twice: three runs');
check('second', $runs[1]);
is($r->header('X-Id'), check('third', $runs[2]), 'twice: the last one\'s');

# no cache

$t->get('/off');
is($up->last('/off')->{headers}{run}, undef, 'off: none');
is($up->last('/off')->{body}, 'body-', 'off: empty');

done_testing();
