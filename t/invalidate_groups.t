#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# RFC 9875: an answer to an unsafe method names groups in
# Cache-Group-Invalidation, and what is stored of these groups and of the
# same host is not served any more.  An answer in more groups than are kept
# is not stored.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Nginx;
use QC::Upstream;

my @fresh = ('Cache-Control' => 'max-age=600');

# the fields of an answer are in the body of a request, or in X-Fields

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => sub {
        my ($req) = @_;

        my $text = $req->{headers}{'x-fields'} // '';
        my ($status, @fields) = split /\|/, $text eq '' ? 200 : $text, -1;

        return { status => $status, body => 'rows',
            headers => [@fresh, @fields] };
    },
    '/slow' => [{ body => 'old', gate => 'slow',
                  headers => [@fresh, 'Cache-Groups' => '"s"'] },
                { body => 'new',
                  headers => [@fresh, 'Cache-Groups' => '"s"'] }],
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
    }

    add_header X-Status $query_cache_status always;
    add_header X-Reason $query_cache_reason always;
    large_client_header_buffers 4 32k;

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        query_cache z;
        query_cache_methods GET HEAD QUERY;

        location / {
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /asks/ {
            query_cache_methods GET POST;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /hidden/ {
            proxy_hide_header Cache-Groups;
            proxy_hide_header Cache-Group-Invalidation;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /off/ {
            query_cache_invalidate off;
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

my $stored = 0;
my $n = 0;

sub ask {
    my ($method, $uri, $fields, @headers) = @_;

    my $r = $t->client->request($method, $uri, body => 'x',
        headers => ['X-Fields' => join('|', 200, @$fields), @headers,
                    'Content-Type' => 'text/plain']);

    return join ' ', $r->header('X-Status') // '-',
        $r->header('X-Reason') // '-';
}

sub fill {
    my ($uri, @lines) = @_;

    is(ask('GET', $uri, [map { ('Cache-Groups' => $_) } @lines]),
        'MISS absent', "$uri: a miss");
    ok($t->wait_stats('/query_cache', 'store', 'stored', ++$stored),
        "$uri: stored");
    is(ask('GET', $uri, []), 'HIT -', "$uri: a hit");
}

sub invalidate {
    my ($method, $uri, @lines) = @_;

    return ask($method, $uri,
        [map { ('Cache-Group-Invalidation' => $_) } @lines]);
}

# whether an entry with these lines is lost by those

sub tried {
    my ($groups, $lines, %o) = @_;

    my $uri = ($o{prefix} // '/') . ++$n;

    my $method = $o{method} // 'POST';

    fill($uri, @$groups);
    invalidate($method, $o{to} // '/change', @$lines);

    if ($method =~ /^(GET|QUERY)$/) {
        ok($t->wait_stats('/query_cache', 'store', 'stored', ++$stored),
            "$method: stored itself");
    }

    my $got = ask('GET', $uri, []);

    if ($got eq 'MISS invalidated') {
        ok($t->wait_stats('/query_cache', 'store', 'stored', ++$stored),
            "$uri: stored again");
    }

    return $got;
}

sub lost {
    my ($groups, $lines, @o) = @_;

    is(tried(@_), 'MISS invalidated', join ', ', @$groups, 'by', @$lines, @o);
}

sub kept {
    my ($groups, $lines, @o) = @_;

    is(tried(@_), 'HIT -', join ', ', @$groups, 'not by', @$lines, @o);
}

lost(['"a"'], ['"a"']);
lost(['"a", "b"'], ['"b"']);
lost(['"a"', '"b"'], ['"x", "b"', '"y"']);
lost(['"a";v=1'], ['"a";w="2"']);
lost(['"a \"b\" \\\\"'], ['"a \"b\" \\\\"']);
lost(['""'], ['""']);
lost(['"a"'], ['"a"'], method => $_) for qw/PUT DELETE PATCH FOO/;

kept(['"a"'], ['"A"']);
kept(['"a"'], ['"ab"']);
kept(['"a"'], ['""']);
kept(['"a"'], []);
kept(['"a"'], ['a']);
kept(['"a"'], ['"b", "a']);
kept(['"a"'], ['"a"', 'b']);
kept(['a, "b"'], ['"b"']);
kept(['"b"', ':YQ==:'], ['"b"']);
kept(['"a"'], ['"a"'], method => $_) for qw/GET HEAD OPTIONS QUERY SEARCH/;
kept(['"a"'], ['"a"'], to => '/off/change');

# POST asks there, but what the upstream says is clear

lost(['"a"'], ['"a"'], to => '/asks/change');
$t->wait_stats('/query_cache', 'store', 'stored', ++$stored);

# all at once, some left as they are

fill("/group/$_", "\"g$_\", \"all\"") for 1 .. 4;
invalidate('POST', '/change', '"g1", "g3"');
is(ask('GET', "/group/$_", []), $_ % 2 ? 'MISS invalidated' : 'HIT -',
    "group $_") for 1 .. 4;
ok($t->wait_stats('/query_cache', 'store', 'stored', $stored += 2),
    'stored again');
is(ask('GET', "/group/$_", []), 'HIT -', "group $_") for 1 .. 4;
invalidate('POST', '/change', '"all"');

# 1 and 3 were stored again without their groups
is(ask('GET', "/group/$_", []), $_ % 2 ? 'HIT -' : 'MISS invalidated',
    "group $_ of all") for 1 .. 4;
ok($t->wait_stats('/query_cache', 'store', 'stored', $stored += 2),
    'stored again');

# hosts are apart

fill('/host', '"h"');
$t->client->request('POST', '/change', body => 'x', headers => [
    Host => 'elsewhere', 'X-Fields' => '200|Cache-Group-Invalidation|"h"']);
is(ask('GET', '/host', []), 'HIT -', 'of another host');
$t->client->request('POST', '/change', body => 'x', headers => [
    Host => 'LOCALHOST:99', 'X-Fields' => '200|Cache-Group-Invalidation|"h"']);
is(ask('GET', '/host', []), 'MISS invalidated', 'of this one');
$t->wait_stats('/query_cache', 'store', 'stored', ++$stored);

# whatever came of the request: what the upstream says has happened

fill('/error', '"e"');
$t->client->request('POST', '/change', body => 'x', headers => [
    'X-Fields' => '500|Cache-Group-Invalidation|"e"']);
is(ask('GET', '/error', []), 'MISS invalidated', 'by an error');
$t->wait_stats('/query_cache', 'store', 'stored', ++$stored);

# as many as must be known, and more

my @many = map { sprintf '"%032d"', $_ } 1 .. 32;
my $made = $t->stats('/query_cache', 'invalidation', 'made');

lost([join ', ', @many], [$many[31]]);
lost([$many[31]], [join ', ', @many]);
is($t->stats('/query_cache', 'invalidation', 'made') - $made, 1 + 32 + 2,
    'each is noted, and two URIs');
lost([$many[31]], [join ', ', @many, '"one more"']);

for (['/many' => join(', ', @many, '"one more"')],
    ['/long' => '"' . 'x' x 200 . '"'])
{
    my ($uri, $groups) = @$_;

    is(ask('GET', $uri, ['Cache-Groups' => $groups]), 'MISS groups', $uri)
        for 1, 2;
}

# what is kept from clients

is(ask('GET', '/hidden/a', ['Cache-Groups' => '"a"']), 'MISS groups',
    'what would not be stored');
lost(['"a"'], ['"a"'], to => '/hidden/change');

# a fill that began before

my $c = $t->client;
$c->send_request('GET', '/slow');
ok($up->wait_at('slow'), 'a fill has begun');
invalidate('POST', '/change', '"s"');
$up->release('slow');
is($c->read_response(method => 'GET')->body, 'old', 'it has ended');
ok(wait_until(sub { $t->get('/slow')->header('X-Status') eq 'HIT' }),
    'another one is served');
is($t->get('/slow')->body, 'new', 'that began later');

done_testing();
