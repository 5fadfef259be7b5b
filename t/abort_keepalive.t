#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Clients that stay are not harmed where runs may go on without them: requests
# in a pipeline are answered in turn, connections are kept, to clients and to
# the upstream, also that of a run whose client has left; and validation ends
# a run as it should.

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
    '/first' => { gate => 'first', body => 'first', headers => [@fresh] },
    '/second' => { body => 'second', headers => [@fresh] },
    '/alone' => { gate => 'alone', body => 'alone', headers => [@fresh] },
    '/valid' => [
        { body => 'entry', headers =>
            ['Cache-Control' => 'max-age=0', ETag => '"1"'] },
        { status => 304, gate => 'valid', headers => [@fresh,
            ETag => '"1"'] },
    ],
    '/changed' => [
        { body => 'entry', headers =>
            ['Cache-Control' => 'max-age=0', ETag => '"1"'] },
        { body => 'other', gate => 'changed', headers => [@fresh] },
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

    upstream up {
        server 127.0.0.1:%%PORT_up%%;
        keepalive 4;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            query_cache z;
            query_cache_abort finish;
            query_cache_revalidate on;
            query_cache_keep 1h;
            add_header X-Status $query_cache_status;
            proxy_http_version 1.1;
            proxy_set_header Connection '';
            proxy_pass http://up;
        }

        location = /stats {
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

# a second request is there while the first one's run is under way

my $c = $t->client;
$c->send("GET /first HTTP/1.1\r\nHost: localhost\r\n\r\n"
    . "GET /second HTTP/1.1\r\nHost: localhost\r\n\r\n");
ok($up->wait_at('first'), 'the first of a pipeline');
$up->release('first');
is($c->read_response->body, 'first', 'is answered');
is($c->read_response->body, 'second', 'and the second');
ok($t->wait_stats('/stats', 'store', 'stored', 2), 'both are stored');
is($c->get('/first')->header('X-Status'), 'HIT', 'and another one');
is($c->get('/second')->header('X-Status'), 'HIT', 'and another one');

# the upstream's connection is kept

my $connections = $up->connections;

my $gone = $t->client;
$gone->send_request('GET', '/alone');
ok($up->wait_at('alone'), 'a run');
$gone->close;
ok($t->wait_log(qr/upstream run goes on/), 'its client leaves');
$up->release('alone');
ok($t->wait_stats('/stats', 'store', 'stored', 3), 'it is stored');
is($c->get('/alone')->header('X-Status'), 'HIT', 'a hit');
$t->get('/valid');
is($up->connections, $connections, 'one connection for all');

# what the upstream says of an entry

$t->get('/changed');
ok($t->wait_stats('/stats', 'store', 'stored', 5), 'two entries, too old');

for my $name (qw/valid changed/) {
    my $mark = $t->log_mark;

    $gone = $t->client;
    $gone->send_request('GET', "/$name");
    ok($up->wait_at($name), "$name: it is validated");
    $gone->close;
    ok(wait_until(sub { $t->error_log_since($mark, qr/run goes on/) }),
        "$name: its client leaves");
    $up->release($name);
    ok(wait_until(sub {
        ($t->get("/$name")->header('X-Status') // '') eq 'HIT'
    }), "$name: a hit");
}

is($t->get('/valid')->body, 'entry', 'the entry is good');
is($t->get('/changed')->body, 'other', 'the other is stored');
is($up->hits('/valid'), 2, 'two runs each');
is($t->stats('/stats', 'abort', 'finished'), 3, 'three were finished');
is($t->stats('/stats', 'abort', 'cancelled'), 0, 'none was cancelled');

done_testing();
