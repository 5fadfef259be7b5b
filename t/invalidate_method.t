#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# RFC 9111 section 4.4: a method that is not safe, and is not answered by an
# error, invalidates what is stored for its URI, in every variant and for
# every method, a fill that is under way included; nothing else does, and
# nothing of another URI, host or zone is lost.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Nginx;
use QC::Upstream;

my @fresh = ('Cache-Control' => 'max-age=600, stale-if-error=600');

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => { body => 'rows', headers => [@fresh] },
    '/vary' => { body => 'rows', headers => [@fresh, Vary => 'X-Lang'] },
    '/slow' => [{ body => 'old', headers => [@fresh], gate => 'slow' },
                { body => 'new', headers => [@fresh] }],
    'PUT /slow' => { status => 204 },
    '/fails' => [{ body => 'old', headers => [@fresh] }, { status => 503 }],
    'PUT /fails' => { status => 204 },
    (map { ("PUT /$_" => { status => $_, headers => [Location => '/else'] })
        } 201, 204, 301, 303, 400, 404, 409, 412, 500, 503),
});

my $t = QC::Nginx->new->has(qw/http proxy rewrite query_cache/);

$t->write_file_expand('nginx.conf', <<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        disk %%TESTDIR%%/store;
    }

    query_cache_zone other {
        disk %%TESTDIR%%/other;
    }

    add_header X-Status $query_cache_status always;
    add_header X-Reason $query_cache_reason always;

    server {
        listen 127.0.0.1:%%PORT_8080%%;
        server_name localhost;

        query_cache z;
        query_cache_methods GET HEAD QUERY;

        location / {
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /asks/ {
            query_cache_methods GET POST;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /by/ {
            rewrite ^/by(/.*)$ /$request_method$1 last;
        }

        location /PUT/off/ {
            query_cache_invalidate off;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /GET/blind/ {
            query_cache_invalidate off;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /PUT/zone/ {
            query_cache other;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /rewritten/ {
            rewrite ^ /target break;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /query_cache {
            query_cache off;
            query_cache_admin z;
        }
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;
        server_name elsewhere;

        query_cache z;

        location / {
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }
    }
}

EOF

$t->run;

my $stored = 0;

sub ask {
    my ($method, $uri, @o) = @_;

    my $r = $t->client->request($method, $uri, @o);

    return join ' ', $r->header('X-Status') // '-',
        $r->header('X-Reason') // '-';
}

sub stored {
    ok($t->wait_stats('/query_cache', 'store', 'stored', ++$stored),
        "$_[0]: stored");
}

sub made {
    return $t->stats('/query_cache', 'invalidation', 'made');
}

sub fill {
    my ($uri, @o) = @_;

    is(ask('GET', $uri, @o), 'MISS absent', "$uri: a miss");
    stored($uri);
    is(ask('GET', $uri, @o), 'HIT -', "$uri: a hit");
}

sub lost {
    my ($uri, $name, @o) = @_;

    is(ask('GET', $uri, @o), 'MISS invalidated', "$name: invalidated");
    stored($name);
    is(ask('GET', $uri, @o), 'HIT -', "$name: and stored again");
}

sub kept {
    my ($uri, $name, @o) = @_;

    is(ask('GET', $uri, @o), 'HIT -', "$name: still there");
}

# methods

for my $method (qw/PUT DELETE PATCH POST MKCOL FOO LINK/) {
    fill("/$method");
    is(ask($method, "/$method", body => 'x'), 'BYPASS method', $method);
    lost("/$method", $method);
}

fill('/safe');

for my $method (qw/HEAD OPTIONS PROPFIND QUERY REPORT SEARCH/) {
    my $before = made();
    ask($method, '/safe', headers => ['Content-Type' => 'text/plain'],
        body => 'x');
    is(made(), $before, "$method invalidates nothing");
    kept('/safe', $method);
}

# 'QUERY /safe' was stored
stored('QUERY');

# where it asks, POST is no change

my $before = made();
fill('/asks/a');
ask('POST', '/asks/a', body => 'q');
stored('POST');
is(ask('POST', '/asks/a', body => 'q'), 'HIT -', 'POST: a hit');
kept('/asks/a', 'POST that asks');
is(made(), $before, 'nothing was invalidated');

ask('PUT', '/asks/a', body => 'x');
lost('/asks/a', 'PUT there');
is(ask('POST', '/asks/a', body => 'q'), 'MISS invalidated',
    'what POST has asked is of the same URI');
stored('POST');

# statuses

for my $status (201, 204, 301, 303) {
    fill("/$status");
    ask('PUT', "/$status", body => 'x');
    lost("/$status", $status);
}

for my $status (400, 404, 409, 412, 500, 503) {
    fill("/$status");
    ask('PUT', "/$status", body => 'x');
    kept("/$status", $status);
}

# what is of the URI, in whatever form

fill('/vary', headers => ['X-Lang' => 'de']);
is(ask('GET', '/vary', headers => ['X-Lang' => 'en']), 'MISS absent',
    'another variant');
stored('another variant');
ask('DELETE', '/vary');
lost('/vary', 'one variant', headers => ['X-Lang' => 'de']);
is(ask('GET', '/vary', headers => ['X-Lang' => 'en']), 'MISS invalidated',
    'the other variant');
stored('the other variant');
kept('/vary', 'de', headers => ['X-Lang' => 'de']);

is(ask('QUERY', '/query', headers => ['Content-Type' => 'text/plain'],
    body => $_), 'MISS absent', "QUERY $_") for 1, 2;
stored('QUERY') for 1, 2;
ask('PUT', '/query', body => 'x');
is(ask('QUERY', '/query', headers => ['Content-Type' => 'text/plain'],
    body => $_), 'MISS invalidated', "QUERY $_: invalidated") for 1, 2;
stored('QUERY') for 1, 2;

for (['/a%62c' => '/abc'], ['/%7ex' => '/%7Ex'], ['/y?' => '/y'],
    ['/q?a=%41' => '/q?a=A'], ['http://localhost/abs' => '/abs'],
    ['/rewritten/a' => '/rewritten/a'], ['/by/a' => '/by/a'])
{
    my ($put, $get) = @$_;

    fill($get);
    ask('PUT', $put, body => 'x');
    lost($get, "PUT $put");
}

for (['/n' => '/n/'], ['/m' => '/m?a=1'], ['/o?a=1' => '/o?a=2'],
    ['/p' => '/P'], ['/s%2ft' => '/s/t'],
    ['/by/off/a' => '/by/off/a'], ['/by/zone/a' => '/by/zone/a'],
    ['/by/blind/a' => '/by/blind/a'])
{
    my ($put, $get) = @$_;

    fill($get);
    ask('PUT', $put, body => 'x');
    kept($get, "PUT $put, GET $get");
}

# hosts: a port or a case makes no other one

fill('/host');
ask('PUT', '/host', body => 'x', headers => [Host => 'elsewhere']);
kept('/host', 'another host');
ask('PUT', '/host', body => 'x', headers => [Host => 'LocalHost:1234']);
lost('/host', 'the same host');

# nor is it served when the upstream fails

fill('/fails');
ask('PUT', '/fails', body => 'x');
my $r = $t->get('/fails');
is($r->status . ' ' . $r->header('X-Status'), '503 MISS',
    'stale-if-error is not for what was invalidated');

# a fill that began before

my $c = $t->client;
$c->send_request('GET', '/slow');
ok($up->wait_at('slow'), 'a fill has begun');
ask('PUT', '/slow', body => 'x');
$up->release('slow');
is($c->read_response(method => 'GET')->body, 'old', 'it has ended');

is($t->get('/slow')->body, 'new', 'its answer is not served');
ok(wait_until(sub { $t->get('/slow')->header('X-Status') eq 'HIT' }),
    'the next one is');
is($t->get('/slow')->body, 'new', 'for ever');

is($t->stats('/query_cache', 'invalidation', 'lost'), 0, 'none was lost');

done_testing();
