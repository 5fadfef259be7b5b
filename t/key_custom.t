#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# query_cache_key replaces the built-in parts it names, takes out those it
# names without a value, and adds the others; what it does not name stays.
# A part that was silently ignored would give one user another's answer, or
# none a hit.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $up = QC::Upstream->start(port => port('up'),
    routes => { '/*' => { body => 'answer' } });

my %locations = (
    plain     => '',
    tenant    => 'tenant=$http_x_branch',
    args      => 'args=$arg_q',
    noargs    => 'args=',
    uri       => 'uri=$arg_path',
    host      => 'host=',
    body      => 'body=$arg_q',
    nobody    => 'body=',
    auth      => 'authorization=$remote_user',
    noauth    => 'authorization=',
    cookie    => 'cookie=$cookie_session',
    type      => 'content_type=',
    settings  => 'x_clickhouse_format=',
    several   => 'tenant=$http_x_branch cookie= args=$arg_q',
    twice     => "cookie=;\n            query_cache_key args=",
);

my $locations = join "\n", map {
    my $key = $locations{$_} ? "query_cache_key $locations{$_};" : '';
    "location /$_ { $key proxy_pass http://127.0.0.1:%%PORT_up%%; }"
} sort keys %locations;

$t->write_file_expand('nginx.conf', <<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        disk %%TESTDIR%%/store;
    }

    query_cache z;
    query_cache_methods GET POST;
    query_cache_no_store 1;
    add_header X-Key \$query_cache_key;

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        $locations
    }
}

EOF

$t->run;

my %change = (
    args    => ['POST', '?q=1&r=2', 'b'],
    q       => ['POST', '?q=2&r=1', 'b'],
    uri     => ['POST', '/x?q=1&r=1', 'b'],
    path    => ['POST', '?q=1&r=1&path=x', 'b'],
    host    => ['POST', '?q=1&r=1', 'b', Host => 'other'],
    method  => ['GET', '?q=1&r=1', 'b'],
    body    => ['POST', '?q=1&r=1', 'c'],
    user    => ['POST', '?q=1&r=1', 'b', Authorization => 'Basic Yjpi'],
    password => ['POST', '?q=1&r=1', 'b', Authorization => 'Basic YTpj'],
    cookie  => ['POST', '?q=1&r=1', 'b', Cookie => 'session=1; o=2'],
    session => ['POST', '?q=1&r=1', 'b', Cookie => 'session=2; o=1'],
    type    => ['POST', '?q=1&r=1', 'b', 'Content-Type' => 'a/c'],
    format  => ['POST', '?q=1&r=1', 'b', 'X-ClickHouse-Format' => 'b'],
    chuser  => ['POST', '?q=1&r=1', 'b', 'X-ClickHouse-User' => 'b'],
    tenant  => ['POST', '?q=1&r=1', 'b', 'X-Branch' => 'b'],
);

# what is not in the key of a location

my %same = (
    plain     => [qw/tenant/],
    tenant    => [],
    args      => [qw/tenant args path/],
    noargs    => [qw/tenant args q path/],
    uri       => [qw/tenant uri/],
    host      => [qw/tenant host/],
    body      => [qw/tenant body/],
    nobody    => [qw/tenant body/],
    auth      => [qw/tenant password/],
    noauth    => [qw/tenant user password/],
    cookie    => [qw/tenant cookie/],
    type      => [qw/tenant type/],
    settings  => [qw/tenant format/],
    several   => [qw/cookie session args path/],
    twice     => [qw/tenant cookie session args q path/],
);

sub key_of {
    my ($location, $method, $uri, $body, %headers) = @_;

    my %all = (Host => 'localhost', Authorization => 'Basic YTpi',
        Cookie => 'session=1; o=1', 'Content-Type' => 'a/b',
        'X-ClickHouse-Format' => 'a', 'X-ClickHouse-User' => 'a',
        'X-Branch' => 'a', %headers);

    return $t->request($method, "/$location$uri", body => $body,
        headers => [map { $_ => $all{$_} } sort keys %all])
        ->header('X-Key');
}

my %first;

for my $location (sort keys %locations) {
    my $key = key_of($location, 'POST', '?q=1&r=1', 'b');
    my %same = map { $_ => 1 } @{$same{$location}};

    like($key, qr/^[0-9a-f]{64}$/, "$location: a key");
    ok(!$first{$key}++, "$location: not that of another location");
    is(key_of($location, 'POST', '?q=1&r=1', 'b'), $key, "$location: again");

    for my $name (sort keys %change) {
        my $changed = key_of($location, @{$change{$name}}) ne $key;
        ok($same{$name} ? !$changed : $changed,
            "$location: $name is " . ($same{$name} ? 'not in it' : 'in it'));
    }
}

done_testing();
