#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# The method QUERY (RFC 10008): a GET with a body.  It is cached where it is
# named, goes upstream as it came, through a chain of two caches, too, and
# shares entries with POST and GET where methods fold and nowhere else.
# Accept-Query says where it is understood.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/)->has_daemon('curl');
my $v2 = $t->has_feature('v2');

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => sub {
        my ($req, $n) = @_;
        return { body => "{\"n\":$n,\"m\":\"$req->{method}\",\"b\":\""
            . length($req->{body}) . '"}', headers => ['ETag' => '"e"'] };
    },
    '/own/*' => { body => '{}', headers => [
        'Accept-Query' => 'application/sql', 'Accept-Query' => 'text/sql'] },
    '/private/*' => sub { return { body => "{\"n\":$_[1]}",
        headers => ['Cache-Control' => 'private'] } },
    '/gone/*' => { status => 404, body => '{}' },
});

my $pass = 'proxy_pass http://127.0.0.1:%%PORT_up%%;';
my $cache = <<'EOT';
query_cache_methods GET HEAD POST QUERY;
        query_cache_valid 1h;
        add_header X-Status "$query_cache_status" always;
        add_header X-Reason "$query_cache_reason" always;
        add_header X-Key "$query_cache_key" always;
EOT
my $listen_v2 = $v2 ? 'listen 127.0.0.1:%%PORT_v2%% http2;' : '';

$t->write_file_expand('nginx.conf', <<"EOT");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        disk %%TESTDIR%%/z;
    }

    query_cache_zone outer {
        disk %%TESTDIR%%/outer;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;
        $listen_v2

        query_cache z;
        client_body_buffer_size 16k;
        $cache
        query_cache_engine json;

        location / {
            $pass
        }

        location /fold/ {
            query_cache_fold on;
            $pass
        }

        location /without/ {
            query_cache_methods GET HEAD POST;
            $pass
        }

        location /only/ {
            query_cache_methods QUERY;
            $pass
        }

        location /uncached/ {
            query_cache off;
            $pass
        }

        location /none/ {
            query_cache_engine none;
            $pass
        }

        location /clickhouse/ {
            query_cache_engine clickhouse;
            $pass

            location /clickhouse/graphql/ {
                query_cache_engine graphql;
                $pass
            }
        }

        location /silent/ {
            query_cache_accept_query off;
            $pass

            location /silent/named/ {
                query_cache_accept_query application/sql;
                $pass
            }
        }

        location /named/ {
            query_cache_accept_query 'application/sql;charset="UTF-8"'
                                     text/x-query;
            $pass

            location /named/inherits/ {
                $pass
            }
        }

        location = /query_cache {
            query_cache off;
            query_cache_admin z;
        }

        location = /query_cache_outer {
            query_cache off;
            query_cache_admin outer;
        }
    }

    server {
        listen 127.0.0.1:%%PORT_outer%%;

        query_cache outer;
        query_cache_engine json;
        query_cache_namespace \$http_x_namespace;
        $cache

        location / {
            proxy_pass http://127.0.0.1:%%PORT_8080%%;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            add_header X-Outer "\$query_cache_status";
        }

        location /fold/ {
            query_cache_fold on;
            proxy_pass http://127.0.0.1:%%PORT_8080%%;
            add_header X-Outer "\$query_cache_status";
        }
    }
}

EOT

$t->run;

my ($stored, $type) = (0, ['Content-Type', 'application/json']);


sub stored {
    return $t->wait_stats('/query_cache', 'store', 'stored', ++$stored);
}


sub ask {
    my ($method, $uri, $body, %o) = @_;

    return $t->request($method, $uri, headers => $type,
        defined $body ? (body => $body) : (), %o);
}


sub status {
    my ($r) = @_;

    return join ' ', grep { $_ ne '' } map { $r->header($_) // '' }
        'X-Status', 'X-Reason';
}


# Where it is named

my $r = ask('QUERY', '/a', '{"a":1,"b":2}');
is(status($r), 'MISS absent', 'QUERY: a miss');
is($r->body, '{"n":1,"m":"QUERY","b":"13"}', 'as it came, to the upstream');
is($up->last('/a')->{headers}{'content-type'}, 'application/json', 'its type');
is($up->last('/a')->{body}, '{"a":1,"b":2}', 'its body');
ok(stored(), 'stored');

my $hit = ask('QUERY', '/a', '{"b":2, "a":1}');
is(status($hit), 'HIT', 'a hit');
is($hit->body, $r->body, 'the same answer');
is($hit->header('X-Key'), $r->header('X-Key'), 'the same key');

is(status(ask('QUERY', '/a', '{"a":1}')), 'MISS absent', 'another body');
ok(stored(), 'stored');
is(status(ask('QUERY', '/a?b', '{"a":1}')), 'MISS absent', 'another URI');
ok(stored(), 'stored');
is($up->hits('/a'), 3, 'three for the upstream');

# without folding, no other method gets its answer

for my $method (qw/POST GET/) {
    is(status(ask($method, '/a', '{"a":1,"b":2}')), 'MISS absent',
        "$method: its own");
    ok(stored(), 'stored');
}

is(ask('QUERY', '/a', '{"a":1,"b":2}')->body, $r->body, 'and QUERY its own');

# where it is not named, and where nothing else is

$r = ask('QUERY', '/without/a', '{"a":1}');
is(status($r), 'BYPASS method', 'not named: bypassed');
is($r->body, '{"n":6,"m":"QUERY","b":"7"}', 'and passed on');
is(status(ask('QUERY', '/without/a', '{"a":1}')), 'BYPASS method', 'always');
is(status(ask($_, '/only/a')), 'BYPASS method', "only QUERY: not $_")
    for qw/GET HEAD POST/;
is(status(ask('QUERY', '/only/a')), 'MISS absent', 'only QUERY: QUERY');
ok(stored(), 'stored');

# names that begin like it

for my $method (qw/QUERYX QUER Q XQUERY SEARCH REPORT/) {
    $r = ask($method, '/a', '{"a":1,"b":2}');
    is(status($r), 'BYPASS method', "$method is another method");
    like($r->body, qr/"m":"$method"/, 'and passed on');
}

is(ask('query', '/a', '{"a":1,"b":2}')->status, 400, 'methods have a case');


# Folding: one upstream run for all methods

my $runs = sub { return $up->hits('/fold/' . shift) };

for (['a', 'POST', 'QUERY'], ['b', 'QUERY', 'POST'], ['c', 'QUERY', 'GET'],
    ['d', 'GET', 'QUERY', 'POST'])
{
    my ($name, $first, @rest) = @$_;

    is(status(ask($first, "/fold/$name", '{"a":1,"b":2}')), 'MISS absent',
        "fold: $first");
    ok(stored(), 'stored');

    for my $method (@rest) {
        is(status(ask($method, "/fold/$name", '{"b":2,"a":1}')), 'HIT',
            "fold: $method shares it");
    }

    is($runs->($name), 1, 'fold: one run');
}

is(status(ask('QUERY', '/fold/a', '{"a":2}')), 'MISS absent',
    'fold: another body');
ok(stored(), 'stored');


# Bodies: none, empty, in chunks, in a file, after "100 Continue"

is(status(ask('QUERY', '/body')), 'MISS absent', 'no body');
ok(stored(), 'stored');
is(status(ask('QUERY', '/body', '')), 'HIT', 'an empty one is none');

is(status(ask('QUERY', '/body', '{"a":[1,2]}', chunked => 3)), 'MISS absent',
    'in chunks');
ok(stored(), 'stored');
is(status(ask('QUERY', '/body', '{"a":[1, 2]}')), 'HIT', 'in one piece');
is(status(ask('QUERY', '/body', '{"a": [1,2]}', expect => 1)), 'HIT',
    'after "100 Continue"');

my $large = '{' . join(',', map { "\"m$_\":$_" } 10_000 .. 19_999) . '}';
my $back = '{' . join(',', map { "\"m$_\":$_" } reverse 10_000 .. 19_999) . '}';

is(status(ask('QUERY', '/body', $large)), 'MISS absent', 'in a file');
ok(stored(), 'stored');
is($up->last('/body')->{length}, length $large, 'whole to the upstream');
is(status(ask('QUERY', '/body', $back, chunked => 1)), 'HIT', 'likewise');

like(http("QUERY /body HTTP/1.0\r\nHost: localhost\r\nContent-Type: "
    . "application/json\r\nContent-Length: 11\r\n\r\n{\"a\":[1,2]}"),
    qr/^X-Status: HIT\r$/m, 'HTTP/1.0');


# Conditions and ranges of a hit

is(ask('QUERY', '/body', undef, headers => [@$type, 'If-None-Match', '"e"'])
    ->status, 304, 'a condition');
$r = ask('QUERY', '/body', undef, headers => [@$type, 'Range', 'bytes=1-3']);
is($r->status . ' ' . $r->body, '206 "n"', 'a range');

# what may not be stored

for my $n (1, 2) {
    is(ask('QUERY', '/private/a', '{}')->body, "{\"n\":$n}",
        'the upstream forbids it');
}


# By curl, over HTTP/1.1 and HTTP/2

for ($v2 ? ['v2', '--http2-prior-knowledge'] : (), ['8080', '--http1.1']) {
    my ($port, $version) = @$_;
    my $url = 'http://127.0.0.1:' . port($port) . '/curl';
    my @curl = ($version, '-X', 'QUERY', '-H', 'Host: localhost', '-H',
        "$type->[0]: $type->[1]", '--data-binary');

    my $first = curl(@curl, "{\"v\":\"$version\",\"a\":1}", $url);
    is($first->{status}, 200, "curl $version");
    like($first->{head}, qr/^X-Status: MISS\r?$/im, "curl $version: a miss");
    ok(stored(), 'stored');

    my $second = curl(@curl, "{\"a\":1,\"v\":\"$version\"}", $url);
    like($second->{head}, qr/^X-Status: HIT\r?$/im, "curl $version: a hit");
    is($second->{body}, $first->{body}, "curl $version: the same");
    like($second->{body}, qr/"m":"QUERY"/, "curl $version: by QUERY");
}


# A chain of two caches

sub chain {
    my ($method, $uri, $body, $namespace) = @_;

    $r = $t->request($method, $uri, body => $body, port => 'outer',
        headers => [@$type, 'X-Namespace', $namespace // 'a']);

    return join ' ', map { ($r->header_all($_))[-1] // '-' } 'X-Outer',
        'X-Status';
}

my $outer = 0;
my $outer_stored = sub {
    return $t->wait_stats('/query_cache_outer', 'store', 'stored', ++$outer);
};

like(chain('QUERY', '/chain', '{"a":1,"b":2}'), qr/^MISS/, 'both miss');
ok(stored() && $outer_stored->(), 'both store');
my $body = $r->body;
is($up->last('/chain')->{method}, 'QUERY', 'QUERY, all the way');

like(chain('QUERY', '/chain', '{"b":2,"a":1}'), qr/^HIT/, 'the outer one has');
is($r->body, $body, 'the same');

like(chain('QUERY', '/chain', '{"b":2,"a":1}', 'b'), qr/^MISS/,
    'the outer one has not');
is($r->body, $body, 'the inner one has');
ok($outer_stored->(), 'stored');
is($up->hits('/chain'), 1, 'one for the upstream');

like(chain('POST', '/fold/chain', '{"a":1}'), qr/^MISS/, 'POST to both');
ok(stored() && $outer_stored->(), 'both store');
like(chain('QUERY', '/fold/chain', '{"a": 1}'), qr/^HIT/, 'QUERY of the outer');
like(chain('QUERY', '/fold/chain', '{"a": 1}', 'b'), qr/^MISS/,
    'QUERY of the inner');
ok($outer_stored->(), 'stored');
is($up->hits('/fold/chain'), 1, 'one for the upstream');


# Accept-Query

sub accept_query {
    my $r = ask(@_);

    return join '|', $r->header_all('Accept-Query');
}

my $json = 'application/json';

is(accept_query('QUERY', '/a', '{"a":1,"b":2}'), $json, 'of a hit');
is(accept_query('QUERY', '/accept', '{}'), $json, 'of a miss');
is(accept_query('GET', '/a'), $json, 'of another method');
is(accept_query('PUT', '/a', '{}'), $json, 'of one that is not cached');
is(accept_query('HEAD', '/a'), $json, 'of HEAD');
is(accept_query('QUERY', '/gone/a', '{}'), $json, 'of an error');

is(accept_query('QUERY', '/only/a'), $json, 'only QUERY');
is(accept_query('QUERY', '/without/a', '{}'), '', 'not where it is not named');
is(accept_query('GET', '/uncached/a'), '', 'not where nothing is cached');
is(accept_query('GET', '/none/a'), '', 'not where no type is known');
is(accept_query('GET', '/silent/a'), '', 'not where it is switched off');

is(accept_query('GET', '/clickhouse/?query=SELECT+1'), 'text/plain',
    'that of the engine');
is(accept_query('GET', '/clickhouse/graphql/?query={a}'), $json,
    'that of the inner engine, not the outer one');
is(accept_query('GET', '/silent/named/'), 'application/sql', 'switched on');
is(accept_query('GET', "/named/$_"),
    'application/sql;charset="UTF-8", text/x-query', "named: $_")
    for '', 'inherits/';

is(accept_query('QUERY', '/own/a', $_), 'application/sql|text/sql',
    'what the upstream says goes first') for '{}', '{ }';

chain('QUERY', '/chain', '{"a":1,"b":2}', $_)
    and is(join('|', $r->header_all('Accept-Query')), $json,
        'one field, through a chain') for 'a', 'b', 'c';

done_testing();
