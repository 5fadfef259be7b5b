#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# query_cache_admin?explain=URI says what would happen to a request: its key
# is the one the request gets, its decision the one that is made.  To explain
# asks no upstream, stores nothing, tells no secret, and opens no door that
# is closed to the request itself.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON::PP ();

use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache access auth_basic
    mirror rewrite auth_request/);

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/mirrored' => { body => 'mirrored' },
    '/auth'     => { status => 204 },
    '/no_auth'  => { status => 403 },
    '/*' => sub { return { body => "{\"n\":$_[1]}" } },
});

$t->write_file('htpasswd', "ann:{PLAIN}x\n");
$t->write_file('a.html', 'a file');

my $pass = 'proxy_pass http://127.0.0.1:%%PORT_up%%;';
my $engines = join '', map { <<"EOT" }
        location /$_/ {
            query_cache_engine $_;
            $pass
        }

        location /fold/$_/ {
            query_cache_engine $_;
            query_cache_fold on;
            $pass
        }

EOT
    qw/none json clickhouse elasticsearch druid cube graphql pinot/;

$t->write_file_expand('nginx.conf', <<"EOT");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        disk %%TESTDIR%%/store;
    }

    query_cache z;
    query_cache_methods GET HEAD POST QUERY;
    query_cache_valid 1h;

    add_header X-Status \$query_cache_status always;
    add_header X-Reason \$query_cache_reason always;
    add_header X-Key    \$query_cache_key    always;

    server {
        listen 127.0.0.1:%%PORT_8080%%;
        server_name one;

$engines
        location /get/ {
            query_cache_methods GET;
            $pass
        }

        location /off/ {
            query_cache off;
            $pass
        }

        location /variable/ {
            query_cache \$arg_zone;
            $pass
        }

        location /bypass/ {
            query_cache_bypass \$arg_fresh;
            $pass
        }

        location /short/ {
            query_cache_valid 1s;
            $pass
        }

        location /small/ {
            query_cache_max_request_body 10;
            $pass
        }

        location /raw/ {
            query_cache_normalize off;
            query_cache_identity \$cookie_sid \$http_x_team;
            $pass
        }

        location /args/ {
            query_cache_normalize args;
            query_cache_identity \$cookie_sid \$http_x_team \$arg_session;
            query_cache_normalize_limits args=2;
            $pass
        }

        location /namespace/ {
            query_cache_namespace \$http_x_tenant;
            query_cache_key part=\$http_x_part;
            $pass
        }

        location /denied/ {
            deny all;
            $pass
        }

        location /basic/ {
            auth_basic here;
            auth_basic_user_file %%TESTDIR%%/htpasswd;
            $pass
        }

        location /asked/ {
            auth_request /auth;
            $pass
        }

        location /asked/no/ {
            auth_request /no_auth;
            $pass
        }

        location ~ ^/(no_)?auth\$ {
            internal;
            query_cache off;
            proxy_pass_request_body off;
            proxy_set_header Content-Length "";
            $pass
        }

        location /internal/ {
            internal;
            $pass
        }

        location /mirror/ {
            mirror /mirrored;
            $pass
        }

        location = /mirrored {
            internal;
            query_cache off;
            $pass
        }

        location /files/ {
            alias %%TESTDIR%%/;
        }

        location /try/ {
            try_files /a.html =404;
            root %%TESTDIR%%;
        }

        location /return/ {
            return 204;
        }

        location /rewrite/ {
            rewrite ^/rewrite/(.*) /json/\$1 last;
        }

        location = /query_cache {
            query_cache off;
            query_cache_admin z;
        }

        location = /inherits {
            query_cache_admin z;
        }

        location = /closed {
            query_cache off;
            query_cache_admin z;
            deny all;
        }
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;
        server_name two;

        location / {
            $pass
        }

        location = /query_cache {
            query_cache off;
            query_cache_admin z;
        }
    }
}

EOT

$t->run;

my $client = $t->client;
my $asked = 0;      # of the upstream, by requests


sub explain_raw {
    my ($method, $uri, $body, @headers) = @_;

    (my $text = $uri) =~ s/([^\w.~-])/sprintf '%%%02X', ord $1/age;

    return $client->request($method, "/query_cache?explain=$text",
        headers => \@headers, defined $body ? (body => $body) : ());
}


sub explained {
    my $r = explain_raw(@_);
    my $said = eval { JSON::PP::decode_json($r->body) };

    return $said if $said && $r->status == 200;

    fail("explain $_[1]: " . $r->status);
    diag($r->body);
    return { decision => '', reason => '', key => '', parts => [] };
}


sub ask {
    my ($method, $uri, $body, @headers) = @_;

    my $r = $client->request($method, $uri, headers => \@headers,
        defined $body ? (body => $body) : ());

    $asked++ if ($r->header('X-Status') // '') ne 'HIT';

    return $r;
}


# Keys and decisions, before and after a request is stored

my $type = 'Content-Type';
my $js = 'application/json';
my $stored = 0;

for (['none', 'GET', '/none/a?b=2&a=1&'],
    ['none', 'POST', '/none/a', "not \"JSON\"\n\\ \x01\x7f"],
    ['json', 'GET', '/json/a?b=2&a=%31'],
    ['json', 'POST', '/json/', '{"b": 1.0, "a": "\u00e4"}', $type, $js],
    ['json', 'QUERY', '/json/', '{"b": 2, "a": "\u00e4"}', $type, $js],
    ['clickhouse', 'GET', '/clickhouse/?query=SELECT+1&user=a&query_id=5'],
    ['clickhouse', 'POST', '/clickhouse/?database=d',
        "SELECT a -- x\nFROM t", 'Authorization', 'Basic YTpi'],
    ['elasticsearch', 'POST', '/elasticsearch/i/_search?size=1',
        '{"query": {}}', $type, $js, 'Cookie', 'a=b'],
    ['druid', 'POST', '/druid/druid/v2/sql',
        '{"query":"SELECT 1  FROM w"}', $type, $js],
    ['druid', 'POST', '/druid/druid/v2', '{"queryType":"scan"}', $type, $js],
    ['cube', 'GET', '/cube/v1/load?query={%22limit%22:1}'],
    ['cube', 'POST', '/cube/v1/load', '{"query":{"limit":1}}', $type, $js],
    ['graphql', 'GET', '/graphql/?query={a{b}}&variables={%22a%22:1}'],
    ['graphql', 'POST', '/graphql/', '{"query":"{ a { b } }"}', $type, $js],
    ['graphql', 'POST', '/graphql/', '{ a { c } }', $type,
        'application/graphql'],
    ['pinot', 'GET', '/pinot/?sql=SELECT+1'],
    ['pinot', 'POST', '/pinot/', '{"sql":"SELECT 1"}', $type, $js],
    ['none', 'QUERY', '/fold/none/a', 'body', $type, 'text/plain'],
    ['json', 'POST', '/fold/json/', '{"b": 1}', $type, $js],
    ['clickhouse', 'QUERY', '/fold/clickhouse/', 'SELECT 5'],
    ['elasticsearch', 'GET', '/fold/elasticsearch/_search?q=a'],
    ['druid', 'QUERY', '/fold/druid/druid/v2/sql', '{"query":"SELECT 2"}'],
    ['cube', 'GET', '/fold/cube/v1/load?query={%22limit%22:2}'],
    ['graphql', 'GET', '/fold/graphql/?query={d}'],
    ['pinot', 'GET', '/fold/pinot/?sql=SELECT+7'],
    ['none', 'POST', '/namespace/', 'b', 'X-Tenant', 't', 'X-Part', 'p'],
    ['json', 'GET', '/rewrite/%61?b=1&a=2'], ['json', 'GET', '/json//b'],
    ['json', 'GET', '/json/x/../%62%2Fc'], ['json', 'GET', '/json/?'],
    ['json', 'GET', '/json/a+b%20c?+'], ['none', 'GET', '/none/%C3%A4?%zz'])
{
    my ($engine, @request) = @$_;
    my $name = "$request[0] $request[1]";

    my $before = explained(@request);
    my $again = explained(@request);
    is($up->count(qr/./), $asked, "$name: nothing asked");
    is($before->{decision}, 'miss', "$name: would be a miss");
    is($again->{decision}, 'miss', "$name: explaining does not store");

    my $r = ask(@request);
    is($r->header('X-Status'), 'MISS', "$name: is a miss");
    is($before->{key}, $r->header('X-Key'), "$name: its key");
    like($before->{key}, qr/^[0-9a-f]{64}$/, "$name: in hexadecimal");
    $t->wait_stats('/query_cache', 'store', 'stored', ++$stored);

    my $after = explained(@request);
    is($after->{decision}, 'hit', "$name: would be a hit");
    is($after->{key}, $before->{key}, "$name: the same key");
    is(ask(@request)->header('X-Status'), 'HIT', "$name: is a hit");

    is($after->{engine}, $engine, "$name: the engine");
    is($after->{method}, $request[0], "$name: the method");
    is($after->{zone}, 'z', "$name: the zone");
    is($after->{version}, 1, "$name: the version");
    ok(defined $after->{$_}, "$name: $_")
        for qw/location form canonical parts tags/;
}

is($up->count(qr/./), $asked, 'nothing asked of the upstream');


# What it says

sub form { return explained(@_)->{form} }

is(form('POST', '/clickhouse/', 'SELECT 1'), 'sql', 'form: SQL');
is(form('POST', '/json/', '{}', $type, $js), 'json', 'form: JSON');
is(form('POST', '/graphql/', '{"query":"{a}"}', $type, $js), 'graphql',
    'form: GraphQL');
is(form('POST', '/json/', '{', $type, $js), 'raw', 'form: raw');
is(form('POST', '/none/', '{}', $type, $js), 'raw', 'form: none');

my $said = explained('POST', '/clickhouse/?b=2&query_id=7&a=1',
    "SELECT  a -- c\nFROM db.hits");
is($said->{canonical}{args}, 'a=1&b=2', 'canonical arguments');
is($said->{canonical}{body}, 'SELECT a FROM db.hits', 'the canonical body');
is_deeply($said->{tags}, ['table:db.hits'], 'tags');
is($said->{window}, undef, 'no window');

$said = explained('POST', '/json/', '{"b":1.50,"a":[]}', $type, $js);
is($said->{canonical}{body}, '{"a":[],"b":15e-1}', 'canonical JSON');

$said = explained('POST', '/graphql/', '{"query":"{a,b}"}', $type, $js);
like($said->{canonical}{body}, qr/query \{ a b \}/, 'canonical GraphQL');

my %part = map { $_->{name} => $_->{value} } @{explained('POST', '/namespace/',
    'b', 'X-Tenant', 't', 'X-Part', 'p')->{parts}};
is($part{namespace}, 't', 'parts: the namespace');
is($part{part}, 'p', 'parts: one that was added');
is($part{method}, 'POST', 'parts: the method');
is($part{uri}, '/namespace/', 'parts: the path');

isnt(explained('GET', '/json/a', undef, 'Host', 'two')->{key},
    explained('GET', '/json/a', undef, 'Host', 'one')->{key},
    'the server is that of the request');


# Requests that are not looked up

sub decision {
    my $said = explained(@_);

    return join ' ', $said->{decision}, $said->{reason} // ();
}

for (['bypass statement', 'POST', '/clickhouse/', 'DROP TABLE t'],
    ['bypass session', 'GET', '/clickhouse/?query=SELECT+1&session_id=a'],
    ['bypass statement', 'POST', '/elasticsearch/i/_doc', '{}'],
    ['bypass session', 'GET', '/elasticsearch/_search?scroll=1m'],
    ['bypass statement', 'POST', '/druid/druid/v2/sql',
        '{"query":"INSERT INTO a SELECT 1"}'],
    ['bypass session', 'GET', '/cube/v1/load?query={%22renewQuery%22:true}'],
    ['bypass statement', 'POST', '/graphql/', '{"query":"mutation{a}"}',
        $type, $js],
    ['bypass statement', 'GET', '/pinot/?sql=DELETE+FROM+t'],
    ['bypass request_coding', 'POST', '/json/', 'x', 'Content-Encoding', 'br'],
    ['bypass request_body_size', 'POST', '/small/', 'eleven bytes'],
    ['bypass method', 'POST', '/get/', 'x'],
    ['bypass method', 'QUERY', '/get/', 'x'])
{
    my ($expected, @request) = @$_;

    is(decision(@request), $expected, "$request[1]: explained");

    my $r = ask(@request);
    is(join(' ', lc $r->header('X-Status'), $r->header('X-Reason')), $expected,
        "$request[1]: is so");
}

is((split / /, decision('GET', '/bypass/?fresh=1'))[0], 'bypass',
    'a rule to bypass');
is((split / /, decision('GET', $_))[0], 'off', "$_: off")
    for '/off/', '/variable/', '/variable/?zone=off';
is(decision('GET', '/variable/?zone=z'), 'miss absent', 'a zone by variable');

is($up->count(qr/./), $asked, 'nothing asked of the upstream');

ask('GET', '/short/');
$t->wait_stats('/query_cache', 'store', 'stored', ++$stored);
ok(wait_until(sub { explained('GET', '/short/')->{decision} eq 'expired' }, 5),
    'an entry that is too old');


# Handlers that do not ask an upstream, and modules in front of it

for (['/files/a.html', 'miss'], ['/try/x', qr/^(?:miss|off)$/],
    ['/mirror/', 'miss'], ['/rewrite/a', 'miss'])
{
    my ($uri, $expected) = @$_;
    my $is = explained('GET', $uri)->{decision};

    ref $expected ? like($is, $expected, "$uri: explained")
                  : is($is, $expected, "$uri: explained");
}

is(explained('GET', '/rewrite/a?x')->{engine}, 'json',
    'a rewritten request is the one it becomes');
is($up->hits('/mirrored'), 0, 'nothing is mirrored');
is($up->count(qr/./), $asked, 'nothing asked of the upstream');

# those that answer by themselves do, or are explained; nothing breaks

for my $uri ('/return/', '/query_cache', '/query_cache?explain=%2Fjson%2F',
    '/inherits?explain=%2Fquery_cache%3Fexplain%3D%252F', '/none', '/')
{
    my $r = explain_raw('GET', $uri);
    ok($r->complete && $r->status < 500, "$uri: " . $r->status);
}


# Doors

is(explain_raw('GET', '/denied/')->status, 403, 'denied');
is(explain_raw('GET', '/basic/')->status, 401, 'a password is asked for');
is(explain_raw('GET', '/basic/', undef, 'Authorization', 'Basic YW5uOnk=')
    ->status, 401, 'a wrong password');
is(explained('GET', '/basic/', undef, 'Authorization', 'Basic YW5uOng=')
    ->{decision}, 'miss', 'the right password');
is(explain_raw('GET', '/asked/no/')->status, 403, 'auth_request says no');
is(explained('GET', '/asked/')->{decision}, 'miss', 'auth_request says yes');
is(explain_raw('GET', '/internal/')->status, 404,
    'an internal location stays internal');
is($client->get('/closed?explain=%2Fjson%2F')->status, 403,
    'who may explain is up to the location');

$asked += $up->hits('/auth') + $up->hits('/no_auth');
is($up->count(qr/./), $asked, 'nothing else asked of the upstream');


# Secrets

my @secret = map { "Geheim-$_-" } 'a' .. 'm';
my @fields = ('Authorization', "Bearer $secret[0]",
    'Cookie', "a=$secret[1]; sid=$secret[2]", 'X-Api-Key', $secret[3],
    'Apikey', $secret[4], 'Api-Key', $secret[5], 'X-Auth-Token', $secret[6],
    'X-Access-Token', $secret[7], 'X-ClickHouse-Key', $secret[8],
    'X-Team', 'red');
my $args = "password=$secret[9]&api_key=$secret[10]&p%61ssword=$secret[11]"
    . "&access_token=$secret[12]&a=b";

for my $place (map({ "/$_/" } qw/none json clickhouse pinot graphql/),
    '/raw/', '/args/', '/fold/clickhouse/', '/off/', '/get/', '/small/',
    '/elasticsearch/_search', '/druid/v2/sql', '/cube/v1/load')
{
    for (['GET', undef], ['POST', 'SELECT 1'],
        ['POST', '{"query":"{ a }","sql":"SELECT 1"}'])
    {
        my ($method, $body) = @$_;
        my $r = explain_raw($method, "$place?$args", $body, @fields, $type,
            $js);
        my @told = grep { index($r->body, $_) >= 0 } @secret;

        is($r->status, 200, "$method $place: explained");
        is("@told", '', "$method $place: no secrets");
    }
}

my $text = explain_raw('GET', "/clickhouse/?query=SELECT+1&$args", undef,
    @fields)->body;
my @sums = $text =~ /sha256:[0-9a-f]{16}\b/g;
cmp_ok(@sums, '>=', 8, 'their sums');
like($text, qr/red|x_team|x-team|SELECT 1/, 'what is no secret is there');

sub authorization {
    my %part = map { lc $_->{name} => $_->{value} }
        @{explained('GET', '/json/', undef, 'Authorization', @_)->{parts}};
    return $part{authorization};
}

like(authorization('a'), qr/^sha256:[0-9a-f]{16}$/, 'the sum of one');
is(authorization('a'), authorization('a'), 'is always the same');
isnt(authorization('a'), authorization('b'), 'and not that of another');


# Any bytes make valid JSON

for my $bytes ("\"\\\n\t\x01\x7f", "\xff\xfe\xc0\x80", "a\0b",
    join '', map { chr } 0 .. 255)
{
    (my $name = $bytes) =~ s/[^ -~]/./g;
    $name = substr $name, 0, 20;

    ok(explained('POST', "/$_/", $bytes)->{decision}, "$_: \"$name\" in a body")
        for qw/none json clickhouse graphql pinot/;

    (my $uri = "/json/?a=$bytes") =~ s/([\0- \x7f])/sprintf '%%%02X', ord $1/ge;
    ok(explained('GET', $uri)->{decision}, "\"$name\" in a URI");

    (my $field = $bytes) =~ s/[\0\r\n]//g;
    ok(explained('GET', '/json/', undef, 'X-Org-Id', $field)->{decision},
        "\"$name\" in a field");
}


# What cannot be explained

for my $uri ('', 'json', 'http%3A%2F%2Fone%2Fjson', '%', '%2', '%zz', '*',
    '%2Fjson%2F%00')
{
    my $r = $client->get("/query_cache?explain=$uri");
    is($r->status, 400, "\"$uri\" is no URI");
}

ok($client->get("/query_cache?explain=$_")->status < 500, "\"$_\"")
    for '%2F..%2F..%2Fetc', '%2F..', '%2F%2F%2F', '%2Fjson%2F%23a', '%2F%25',
    '%2Fjson%2F%252e%252e%2Foff%2F', '%2F' . 'a' x 5000;

is(decision($_, '/json/'), 'bypass method', "$_ is explained, too")
    for qw/PUT DELETE/;

is($client->get('/query_cache')->status, 200, 'the counters are there');
is($t->stats('/query_cache', 'store', 'stored'), $stored,
    'nothing was stored by explaining');

done_testing();
