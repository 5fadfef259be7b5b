#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# qcachectl key computes, from directives and a request alone, the key that
# nginx gives to the request, and says what explain says of it.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON::PP ();

use QC::Nginx;
use QC::Upstream;
use QC::Util qw/run_command need_program/;

my $ctl = $ENV{QCACHECTL} // "$FindBin::Bin/../build/qcachectl";
plan(skip_all => "no $ctl") unless -x $ctl;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => sub { return { body => "{\"n\":$_[1]}" } },
});


# Directives of a location, and requests to it: method, path behind the
# location's name, body, header fields

my $js = 'application/json';
my @json = ('Content-Type', $js);

my @locations = (
    ['none', [], ['GET', 'a?b=2&&a=%31'], ['POST', 'a', "\0\xff raw"],
        ['GET', 'a%2Fb//c/./d/../e%20f?x', undef, 'Cookie', 'a=1; b=2']],

    ['json', ['query_cache_engine json'],
        ['GET', '?b=2&a=%31&&c'], ['POST', '', '{"b":1.50,"a":[]}', @json],
        ['QUERY', '', "[ 1 ]", @json], ['POST', '', '{"a":', @json],
        ['QUERY', '?b&a', '[ 1 ]', 'Cache-Control', 'no-transform']],

    ['clickhouse', ['query_cache_engine clickhouse'],
        ['GET', '?query=SELECT+a++FROM+t&user=ann&password=x&query_id=7'],
        ['POST', '?database=d&query=SELECT', "1 -- x\n, 'b  c'",
            'Authorization', 'Basic YTpi', 'X-ClickHouse-Format', 'JSON'],
        ['POST', '', 'DROP TABLE t'], ['GET', '?session_id=1&query=SELECT+1'],
        ['POST', '', "SELECT a FROM db.t WHERE ts < '2020-01-01'"]],

    ['elasticsearch', ['query_cache_engine elasticsearch'],
        ['POST', 'i,j/_search?b&a', '{"size":1,"query":{}}', @json],
        ['POST', '_msearch', "{}\n{\"b\":1,\"a\":2}\n", @json],
        ['POST', 'i/_doc', '{}', @json], ['GET', 'i/_search?scroll=1m'],
        ['GET', 'i/_search?q=a', undef, 'Accept', 'application/yaml'],
        ['POST', '_sql', '{"query":"SELECT  a FROM i"}', @json]],

    ['druid', ['query_cache_engine druid'],
        ['POST', 'druid/v2', '{"b":1,"context":{"queryId":"x"}}', @json],
        ['POST', 'druid/v2/sql', '{"query":"SELECT  1","b":1}', @json],
        ['POST', 'druid/v2/sql', '{"query":"INSERT INTO a SELECT 1"}', @json]],

    ['cube', ['query_cache_engine cube'],
        ['GET', 'v1/load?x=1&query={%22measures%22:[%22a.b%22]}'],
        ['POST', 'v1/load', '{"query":{"limit":5}}', @json],
        ['GET', 'v1/load?query={%22renewQuery%22:true}']],

    ['graphql', ['query_cache_engine graphql'],
        ['GET', '?query={a,b}&variables={%22x%22:1}&operationName=Q&z'],
        ['POST', '', '{"query":"{ a { b } }","variables":{}}', @json],
        ['POST', '', '{ a }', 'Content-Type', 'application/graphql'],
        ['GET', '?extensions={%22persistedQuery%22:{%22version%22:1,'
            . '%22sha256Hash%22:%2252978b222d1c8b138bf928ca07288c01cd4c553a1a'
            . '8fe1322526b4ef6c6f6b48%22}}'],
        ['POST', '', '{"query":"mutation { a }"}', @json]],

    ['pinot', ['query_cache_engine pinot'],
        ['GET', '?trace=true&sql=SELECT+a+FROM+t'],
        ['POST', '', '{"sql":"SELECT  a FROM t","x":1}', @json]],

    ['fold', ['query_cache_engine clickhouse', 'query_cache_fold on'],
        ['GET', '?query=SELECT+1'],
        ['POST', '', 'SELECT  1', 'Content-Type', 'text/plain']],

    ['args', ['query_cache_normalize args', 'query_cache_ordered_args "s*" o',
            'query_cache_ignore_args utm_* _', 'query_cache_identity $arg__'],
        ['GET', '?s2=1&b=2&utm_x=1&s1=3&_=5&a=6&o']],

    ['keep', ['query_cache_normalize args', 'query_cache_keep_args q p*'],
        ['GET', '?q=1&x=2&page=3&role=4']],

    ['pointers', ["query_cache_engine 'json'",
            'query_cache_ignore_json /trace /a/*/id "/a~1b"'],
        ['POST', '', '{"trace":1,"a":[{"id":1,"b":2}],"a/b":3}', @json]],

    ['names', ['query_cache_identity $http_X_Team $cookie_role',
            'query_cache_share $http_authorization $http_cookie $arg_user'],
        ['GET', '?user=ann&x=%31', undef, 'X-Team', 'a', 'Authorization', 'b',
            'Cookie', 'role=r; sid=1', 'X-Api-Key', 'k']],

    ['sql', ['query_cache_normalize args sql=/q/text',
            'query_cache_guard statement'],
        ['POST', '', '{"q":{"text":"SELECT  1"},"b":1}', @json],
        ['POST', '', '{"q":{"text":"DROP TABLE t"}}', @json]],

    ['off', ['query_cache_engine clickhouse', 'query_cache_normalize off',
            'query_cache_guard off', 'query_cache_ignore_args off'],
        ['GET', '?query=SELECT++1&b&a'], ['POST', '', 'DROP  TABLE t']],

    ['limits', ['query_cache_engine json',
            'query_cache_normalize_limits body=1k depth=3 args=2 ratio=5'],
        ['GET', '?b&a&c'], ['POST', '', '[[[[ 1]]]]', @json],
        ['POST', '', '[' . ' ' x 1100 . '1]', @json]],

    ['size', ['query_cache_max_request_body 10'],
        ['POST', '', 'eleven bytes'], ['POST', '', 'ten bytes.']],

    ['window', ['query_cache_engine json', 'query_cache_round "1m" from /from',
            'query_cache_window zone=+02:00 lag=1h30m end=/to end=until'],
        ['GET', '?from=1700000041&until=2020-01-01'],
        ['POST', '', '{"from":1700000041,"to":"2999-01-01"}', @json]],

    ['parts', ['query_cache_key "tenant=a b" args=x', 'query_cache_key host=',
            'query_cache_namespace "n s"'], ['GET', 'a?b=c']],

    ['body', ['query_cache_engine clickhouse', 'query_cache_key body='],
        ['GET', '?query=SELECT+1'], ['POST', '', 'SELECT 1']],
);

my $locations = join '', map { <<"EOT" } @locations;

        location /$_->[0]/ {
@{[join '', map { "            $_;\n" } @{$_->[1]}]}
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }
EOT

my $server = <<"EOT";
        location = /query_cache {
            query_cache off;
            query_cache_admin z;
        }
$locations
    }
EOT

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

    add_header X-Reason \$query_cache_reason always;
    add_header X-Key    \$query_cache_key    always;

    server {
        listen 127.0.0.1:%%PORT_8080%%;
        server_name one other;
$server
    server {
        listen 127.0.0.1:%%PORT_second%%;
        server_name one;
$server
}

EOT

$t->run;


sub ctl {
    my @command = @_;
    my $run = run_command([$ctl, 'key', @command]);

    return ($run, eval { JSON::PP::decode_json($run->{out}) });
}


sub options {
    my ($name, $directives, $method, $uri, $body, @headers) = @_;
    my @options = ('-z', 'z', '-s', 'one', '-l', "/$name/", '-X', $method);

    push @options, '-o', $_ for @$directives;
    push @options, '-H', shift(@headers) . ': ' . shift(@headers)
        while @headers;

    if (defined $body) {
        $t->write_file('body', $body);
        push @options, '-d', '@' . $t->testdir . '/body';
    }

    return @options, "http://Other:80/$name/$uri";
}


sub explained {
    my ($name, $method, $uri, $body, @headers) = @_;

    my $text = "/$name/$uri" =~ s/([^\w.~-])/sprintf '%%%02X', ord $1/ager;

    return JSON::PP::decode_json($t->client->request($method,
        "/query_cache?explain=$text",
        headers => ['Host', 'other', @headers],
        defined $body ? (body => $body) : ())->body);
}


for (@locations) {
    my ($name, $directives, @requests) = @$_;

    for my $request (@requests) {
        my ($method, $uri, $body, @headers) = @$request;
        my $what = "$name: $method $uri";

        my $answer = $t->client->request($method, "/$name/$uri",
            headers => ['Host', 'other', @headers],
            defined $body ? (body => $body) : ());
        my ($run, $said) = ctl(options($name, $directives, @$request));

        is($run->{exit}, 0, "$what: computed") or diag($run->{err});

        my $key = $answer->header('X-Key') // '';

        if ($key ne '') {
            is($said->{key}, $key, "$what: the key");
            is($said->{decision}, undef, "$what: not bypassed");

        } else {
            is($said->{decision}, 'bypass', "$what: bypassed");
            is($said->{reason}, $answer->header('X-Reason'), "$what: why");
        }

        my $explained = explained($name, @$request);

        is_deeply($said->{$_}, $explained->{$_}, "$what: $_ as explained")
            for qw/version zone server location number method engine form
                canonical parts tags window/;
    }
}


# The second of two servers of one name

my $second = $t->client(port => 'second')->get('/json/?a',
    headers => ['Host', 'other']);

is((ctl('-n', 1, options('json', ['query_cache_engine json'], 'GET', '?a')))[1]
    ->{key}, $second->header('X-Key'), 'a number');


# Encoded bodies, and from a file

for my $coding (qw/gzip zstd/) {
    need_program($coding);

    my $body = run_command([$coding, '-c'], input => '{"b":1,  "a":2}')->{out};
    my @request = ('POST', '', $body, @json, 'Content-Encoding', $coding);
    my $answer = $t->client->request('POST', '/json/',
        headers => ['Host', 'other', @request[3 .. $#request]], body => $body);
    my ($run, $said) = ctl(options('json', ['query_cache_engine json'],
        @request));

    is($said->{key}, $answer->header('X-Key'), "$coding: the key");
    is($said->{canonical}{body}, '{"a":2,"b":1}', "$coding: decoded");
}


# Directives from a file

$t->write_file('location.conf', <<'EOT');
# as in nginx.conf
location /clickhouse/ {
    query_cache_engine clickhouse; query_cache_ignore_args "a*" 'c\'d'
        query_id;   # on two lines
    proxy_pass http://127.0.0.1:1;
}
EOT

$t->write_file('broken.conf', 'query_cache_engine clickhouse');

my $conf = $t->testdir . '/location.conf';
my ($run, $said) = ctl('-c', $conf, "/?query=SELECT+1&query_id=1&ab&c'd=2");

is($run->{exit}, 0, 'a file');
is($said->{engine}, 'clickhouse', 'a file: its directives');
is($said->{canonical}{args}, '', 'a file: all of them');
like($run->{err}, qr/proxy_pass.*left out/, 'a file: the others are told');

is((ctl('-c', $t->testdir . '/broken.conf', '/'))[0]{exit}, 2,
    'a directive without an end');
is((ctl('-c', $t->testdir . '/absent.conf', '/'))[0]{exit}, 2, 'no file');


# What cannot be computed

for (['query_cache_engine oracle'], ['query_cache_engine'],
    ['query_cache_normalize xml'], ['query_cache_normalize sql='],
    ['query_cache_normalize_limits body=0'],
    ['query_cache_normalize_limits depth=1000'],
    ['query_cache_ignore_args a=b'], ['query_cache_ignore_json a'],
    ['query_cache_identity $team'], ['query_cache_identity $http_'],
    ['query_cache_guard all'], ['query_cache_fold yes'],
    ['query_cache_window zone=+25:00'], ['query_cache_window lag=x'],
    ['query_cache_window end=/a~2'], ['query_cache_round 5s'],
    ['query_cache_round 0 a'], ['query_cache_round 5ms a'],
    ['query_cache_key a'], ['query_cache_key =a'], ['query_cache_key a=$b'],
    ['query_cache_key a=1 a=2'], ['query_cache_namespace $host'],
    ['query_cache_namespace ' . 'a' x 256], ['query_cache_bypass 1'],
    ['query_cache_fold on', 'query_cache_fold off'],
    ['query_cache_engine "none'])
{
    my ($run) = ctl((map { ('-o', $_) } @$_), '/');

    is($run->{exit}, 2, "\"@$_\": refused");
    like($run->{err}, qr/qcachectl key: ./, "\"@$_\": and said why");
}

is((ctl(@$_))[0]{exit}, 2, "\"@$_\": no request")
    for [], ['/', '/'], ['a'], [''], ['/%zz'], ['/%00'], ['/../a'],
    ['-H', 'a', '/'], ['-x', '/'], ['-d', '@/absent', '/'];

is((ctl('-X', 'PUT', '/'))[1]{reason}, 'method', 'another method');


# Secrets

my $text = (ctl('-o', 'query_cache_normalize off', '-H', 'Cookie: s3cret',
    '-H', 'X-Api-Key: s3cret', '/?p%61ssword=s3cret&apikey=s3cret'))[0]{out};
unlike($text, qr/s3cret/, 'no secrets');
like($text, qr/sha256:[0-9a-f]{16}/, 'their sums');

done_testing();
