#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# While an entry is stale its upstream is asked once more in the background,
# once however many clients come by, and no client waits for it: neither who
# began it, nor the next request of that connection, nor does it matter that
# the client has gone.  The next answer is the new one.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Nginx;
use QC::Stale;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $fresh = ['Cache-Control' => 'max-age=600'];

my $up = QC::Upstream->start(port => port('up'), routes => {
    (map { ("/$_" => [
        { body => "old $_", headers => stale_headers() },
        { body => "new $_", headers => $fresh, gate => $_ },
    ]) } qw/basic many gone reset/),

    '/big' => [
        { size => 3_000_000, seed => 'old', headers => stale_headers() },
        { size => 4_000_000, seed => 'new', headers => $fresh },
    ],
    '/chunked' => [
        { size => 50_000, seed => 'old', headers => stale_headers() },
        { size => 60_000, seed => 'new', headers => $fresh, chunked => 1 },
    ],
    '/unbuffered' => [
        { size => 2_000_000, seed => 'old', headers => stale_headers() },
        { size => 3_000_000, seed => 'new', headers => $fresh },
    ],
    '/other' => { body => 'other' },
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

        add_header X-Status $query_cache_status;
        query_cache_max_size 100m;

        location / {
            query_cache z;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /unbuffered {
            query_cache z;
            proxy_buffering off;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /stats {
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

my @names = qw/basic many gone reset big chunked unbuffered/;

$t->get("/$_") for @names;
ok(wait_stale($t, '/stats', scalar @names), 'stale entries');

my $stored = @names;

sub fill { return $t->stats('/stats', 'fill', $_[0]) }

sub both { return join ' ', $_[0]->header('X-Status'), $_[0]->body }

# one connection

my $c = $t->client;

is(both($c->get('/basic')), 'UPDATING old basic', 'a stale answer');
ok($up->wait_at('basic'), 'while the upstream is asked');
is($c->get('/other')->body, 'other', 'the next request on that connection');
is(both($c->get('/basic')), 'UPDATING old basic', 'the same again');
is($up->hits('/basic'), 2, 'is not asked again');
is(fill('started'), 1, 'one fill');

$up->release('basic');
ok($t->wait_stats('/stats', 'store', 'stored', ++$stored), 'stored');
is(both($c->get('/basic')), 'HIT new basic', 'the new one');
is($up->hits('/basic'), 2, 'two requests of the upstream');

# many

my @clients = map { $t->client } 1 .. 20;

$_->send_request('GET', '/many') for @clients;
is(scalar(grep { both($_->read_response) eq 'UPDATING old many' } @clients), 20,
    'twenty at once');
ok($up->wait_at('many'), 'the upstream is asked');
is($up->hits('/many'), 2, 'once');
$up->release('many');
ok($t->wait_stats('/stats', 'store', 'stored', ++$stored), 'stored');
is(both($t->get('/many')), 'HIT new many', 'the new one');

# clients that leave

for my $how (qw/gone reset/) {
    my $c = $t->client;

    $c->send_request('GET', "/$how");

    if ($how eq 'gone') {
        is(both($c->read_response), "UPDATING old $how", "$how: a stale answer");
        $c->close;

    } else {
        ok($up->wait_at($how), "$how: the upstream is asked");
        $c->reset;
    }

    ok($up->wait_at($how), "$how: it waits");
    $up->release($how);
    ok($t->wait_stats('/stats', 'store', 'stored', ++$stored),
        "$how: stored");
    is(both($t->get("/$how")), "HIT new $how", "$how: the new one");
}

# large ones, and in other ways

for my $uri (qw{/big /chunked /unbuffered}) {
    my $old = $t->get($uri);
    is($old->header('X-Status'), 'UPDATING', "$uri: a stale answer");
    ok($t->wait_stats('/stats', 'store', 'stored', ++$stored),
        "$uri: stored");

    my $new = $t->get($uri);
    is($new->header('X-Status'), 'HIT', "$uri: the new one");
    isnt($new->body_length, $old->body_length, "$uri: another");
    is($new->body_md5, QC::Body->new(size => $new->body_length,
        seed => 'new')->md5, "$uri: whole");
}

is(fill('started'), scalar @names, 'all of them fills');
is(fill('failed') + fill('refused'), 0, 'all well');

is(scalar(() = $t->access_log =~ m{ /basic }g), 4,
    'in the log only what clients asked for');

done_testing();
