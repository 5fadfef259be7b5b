#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Every directive about queries and answers is inherited from http and server,
# is replaced as a whole by the level below, and can be switched off there.
# Fails if a merge takes the engine's, or a default, instead of what the level
# above says, or keeps a part of that beside a directive of its own.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON::PP ();
use POSIX qw/strftime/;
use Time::HiRes qw/sleep/;

use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => sub {
        my ($r) = @_;

        return { headers => ['Content-Type' => 'application/json'],
            body => $r->{uri} =~ /bad=(\w+)/ ? "{\"$1\":1}" : '{}' };
    },
});

my $old = '2001-01-01T00:00:00Z';
my $just = strftime('%Y-%m-%dT%H:%M:%SZ', gmtime(time - 600));
my $row = 0;        # in requests whose answers are stored: nobody else's
my @json = ('Content-Type' => 'application/json');

# Each location: its server, its path, and which of the three it has.

my @locations = (
    ['http', '/inherits/', 0],
    ['http', '/own/', 1],
    ['http', '/own/nested/', 1],
    ['http', '/off/', 2],
    ['server', '/inherits/', 1],
    ['server', '/own/', 0],
    ['server', '/off/', 2],
);


sub config {
    my ($engine, $http, $own, $off) = @_;

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
    $engine
    $http

    server {
        listen 127.0.0.1:%%PORT_8080%%;
        server_name http;

        location /inherits/ {
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /own/ {
            $own
            proxy_pass http://127.0.0.1:%%PORT_up%%;

            location /own/nested/ {
                proxy_pass http://127.0.0.1:%%PORT_up%%;
            }
        }

        location /off/ {
            $off
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /query_cache {
            query_cache_admin z;
        }
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;
        server_name server;
        $own

        location /inherits/ {
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /own/ {
            $http
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /off/ {
            $off
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /query_cache {
            query_cache_admin z;
        }
    }
}

EOT
}


sub ask {
    my ($at, $method, $tail, $body, @headers) = @_;

    return $t->request($method, "$at->[1]$tail",
        headers => [Host => $at->[0], @headers],
        defined $body ? (body => $body) : ());
}


sub explained {
    my ($at, $method, $tail, $body, @headers) = @_;

    (my $uri = "$at->[1]$tail") =~ s/([^\w.~-])/sprintf '%%%02X', ord $1/age;

    my $r = $t->request($method, "/query_cache?explain=$uri",
        headers => [Host => $at->[0], @headers],
        defined $body ? (body => $body) : ());

    return eval { JSON::PP::decode_json($r->body) } // { decision => '?' };
}


# What a request to each of the locations shows

sub each_of (&) {
    my ($probe) = @_;

    return sub { map { $probe->($_) } @_ };
}

sub canonical_args {
    my ($uri) = @_;

    return each_of { explained($_[0], 'GET', $uri)->{canonical}{args} };
}

sub parts {
    my ($wanted, @headers) = @_;

    return each_of {
        join ' ', grep { /$wanted/ } map { $_->{name} }
            @{ explained($_[0], 'GET', '', undef, @headers)->{parts} };
    };
}

sub reasons {
    my (@requests) = @_;

    return each_of {
        my ($at) = @_;

        join ' ', map { explained($at, @$_)->{reason} } @requests;
    };
}

sub windows {
    my (@tails) = @_;

    return each_of {
        my ($at) = @_;

        join ' ', map { explained($at, 'GET', $_)->{window} // 'none' } @tails;
    };
}


# Whether an answer was found fit to be stored

sub kept {
    my ($at, $tail) = @_;
    my $seen;

    ask($at, 'GET', $tail);

    wait_until(sub {
        my $said = explained($at, 'GET', $tail);

        $seen = $said->{decision} eq 'hit' ? 'kept'
            : $said->{reason} eq 'hit_for_miss' ? 'refused' : undef;
    }, 5);

    return $seen // 'neither';
}

sub integrity {
    return map { join ' ', kept($_, "?bad=error&row=$row"),
        kept($_, "?bad=warning&row=$row") } @_;
}

sub remembered {
    my $reasons = reasons(['GET', "?bad=error&row=$row"]);
    my @first = map { ask($_, 'GET', "?bad=error&row=$row"); $reasons->($_) }
        @_;
    sleep 3.2;
    my @then = $reasons->(@_);

    return map { "$first[$_] $then[$_]" } 0 .. $#_;
}


# How long it would be kept

sub lifetime {
    my ($at, $tail) = @_;
    my $ttl;

    ask($at, 'GET', $tail);
    wait_until(sub { $ttl = explained($at, 'GET', $tail)->{ttl} }, 1);

    return defined $ttl ? sprintf '%.0f', $ttl / 60 : 'none';
}

sub lifetimes {
    return map { join ' ', lifetime($_, "?to=$old&row=$row"),
        lifetime($_, "?to=2999-01-01T00:00:00Z&row=$row"),
        lifetime($_, "?row=$row") } @_;
}


# directive => how it is on http, in its own place, and off, with what that
# shows; what is to be seen; and the engine, json unless given

my @rows = (
    query_cache_engine => [
        'clickhouse' => 'clickhouse sql',
        'json' => 'json raw',
        'none' => 'none raw'],
        each_of {
            my $said = explained($_[0], 'POST', '', 'SELECT  1');
            "$said->{engine} $said->{form}";
        }, '',

    query_cache_normalize => [
        'args' => 'a=2&b=1 raw',
        'json' => 'b=1&a=2 json',
        'off' => 'b=1&a=2 raw'],
        each_of {
            my $said = explained($_[0], 'POST', '?b=1&a=2', '{"b":1}', @json);
            "$said->{canonical}{args} $said->{form}";
        }, 'json',

    query_cache_normalize => [
        'sql=q' => 'sql raw',
        'sql' => 'raw sql',
        'off' => 'raw raw'],
        each_of {
            my ($at) = @_;

            join ' ', map { explained($at, 'GET', "?$_=SELECT%201")->{form} }
                qw/q query/;
        }, 'none',

    query_cache_normalize_limits => [
        'args=1' => 'b=1&a=2 json',
        'body=8' => 'a=2&b=1 raw',
        'ratio=50' => 'a=2&b=1 json'],
        each_of {
            my $said = explained($_[0], 'POST', '?b=1&a=2', '{"b": 1000}',
                @json);
            "$said->{canonical}{args} $said->{form}";
        }, 'json',

    query_cache_ignore_args => [
        'x' => 'query_id=3&y=2',
        'y' => 'query_id=3&x=1',
        'off' => 'query_id=3&x=1&y=2'],
        canonical_args('?query=SELECT%201&x=1&y=2&query_id=3'), 'clickhouse',

    query_cache_keep_args => [
        'x' => 'x=1',
        'y' => 'y=2',
        'off' => 'x=1&y=2'], canonical_args('?y=2&x=1'), 'json',

    query_cache_ordered_args => [
        'b' => 'a=3&c=1&b=2',
        'a' => 'b=2&c=1&a=3',
        'off' => 'a=3&b=2&c=1'], canonical_args('?c=1&b=2&a=3'), 'json',

    query_cache_ignore_json => [
        '/x' => '{"context":{"queryId":"q"},"y":2}',
        '/y' => '{"context":{"queryId":"q"},"x":1}',
        'off' => '{"context":{"queryId":"q"},"x":1,"y":2}'],
        each_of {
            explained($_[0], 'POST', 'druid/v2',
                '{"y":2,"x":1,"context":{"queryId":"q"}}', @json)
                ->{canonical}{body};
        }, 'druid',

    query_cache_identity => [
        '$http_x_a' => 'x_a',
        '$http_x_b' => 'x_b',
        'off' => ''], parts(qr/^x_/, 'X-A' => 1, 'X-B' => 1), 'json',

    query_cache_share => [
        '$http_x_role' => 'x_user',
        '$http_x_user' => 'x_role',
        'off' => 'x_role x_user'],
        parts(qr/^x_/, 'X-Role' => 1, 'X-User' => 1), 'json',

    query_cache_guard => [
        'statement' => 'statement absent',
        'session' => 'absent session',
        'off' => 'absent absent'],
        reasons(['POST', '', 'DROP TABLE t'],
            ['GET', '?query=SELECT%201&session_id=s']), 'clickhouse',

    query_cache_fold => [
        'on' => 'any',
        'off' => 'POST',
        'off' => 'POST'],
        each_of {
            my ($method) = grep { $_->{name} eq 'method' }
                @{ explained($_[0], 'POST', '', '{}', @json)->{parts} };
            $method->{value};
        }, 'json',

    query_cache_accept_query => [
        'application/jsonpath' => 'application/jsonpath',
        'text/plain text/csv' => 'text/plain, text/csv',
        'off' => 'none'],
        each_of { ask($_[0], 'GET', '')->header('Accept-Query') // 'none' },
        'json',

    query_cache_integrity => [
        '!/error' => 'refused kept',
        '!/warning' => 'kept refused',
        'off' => 'kept kept'], \&integrity, "graphql;\n"
        . "query_cache_normalize off; query_cache_guard off;\n"
        . 'query_cache_valid 1h',

    query_cache_hit_for_miss => [
        '1h' => 'hit_for_miss hit_for_miss',
        '3s' => 'hit_for_miss absent',
        '0' => 'absent absent'], \&remembered,
        "none;\nquery_cache_integrity !/error; query_cache_valid 1h",

    query_cache_window => [
        'zone=utc end=a' => 'closed none',
        'lag=1h' => 'none open',
        'lag=0' => 'none closed'],
        windows("?a=$old", "?to=$just"), 'json',

    query_cache_round => [
        '1h a' => '+2',
        '1h b' => '2+',
        'off' => '22'],
        each_of {
            join '', explained($_[0], 'GET', "?a=$old&b=$old")
                ->{canonical}{args} =~ /[ab]=(.)/g;
        }, 'json',

    query_cache_valid => [
        '200 closed=50m open=10m' => '50 10 10',
        '200 closed=40m 20m' => '40 20 20',
        '404 1m' => 'none none none'], \&lifetimes, 'json',

    query_cache_valid => [
        '200 open=10m' => '10 10 10',
        '200 closed=40m' => '40 none none',
        '200 20m' => '20 20 20'], \&lifetimes, 'json',
);

while (my ($name, $values, $probe, $engine) = splice @rows, 0, 4) {
    my ($http, $http_shows, $own, $own_shows, $off, $off_shows) = @$values;

    config($engine ? "query_cache_engine $engine;" : '',
        "$name $http;", "$name $own;", "$name $off;");

    $row++ ? $t->reload : $t->run;

    my @seen = $probe->(@locations);

    is($seen[$_],
        ($http_shows, $own_shows, $off_shows)[$locations[$_][2]],
        "$name $http, $own, $off: $locations[$_][0] $locations[$_][1]")
        for 0 .. $#locations;
}

done_testing();
