#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Every mistake in a directive about queries, what is in their keys, when
# they may be cached and for how long, makes "nginx -t" fail with a sentence
# that says what is wrong, what would be right, and where.  A name that is
# silently ignored may be one that was to tell users apart.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Conf qw/refused zone/;
use QC::Nginx;

my $t = QC::Nginx->new->has(qw/http query_cache/);
my $zone = zone('disk ' . $t->testdir . '/disk;');

my @lists = qw/query_cache_ignore_args query_cache_keep_args
    query_cache_ordered_args/;
my @names = qw/query_cache_identity query_cache_share/;
my @one = qw/query_cache_engine query_cache_fold query_cache_hit_for_miss
    query_cache_lock query_cache_lock_timeout query_cache_lock_age/;
my @some = (@lists, @names, qw/query_cache_normalize query_cache_ignore_json
    query_cache_guard query_cache_integrity query_cache_accept_query
    query_cache_normalize_limits query_cache_window query_cache_round/);

my %good = (query_cache_engine => 'json', query_cache_fold => 'on',
    query_cache_lock => 'local', query_cache_lock_timeout => '1s',
    query_cache_lock_age => '1s',
    query_cache_hit_for_miss => '1s', query_cache_normalize => 'args',
    query_cache_ignore_json => '/a', query_cache_guard => 'statement',
    query_cache_integrity => 'json', query_cache_accept_query => 'a/b',
    query_cache_normalize_limits => 'body=1k',
    query_cache_window => 'zone=utc', query_cache_round => '1m a',
    (map { $_ => 'a' } @lists), map { $_ => '$arg_a' } @names);


sub location {
    my ($text, $says) = @_;

    return ["$zone server { location / { $text; } }", $says];
}


# The name with each value

sub bad {
    my ($name, $says, @values) = @_;

    return map { location("$name $_", $says) } @values;
}


my $long = 'a' x 300;
my $deep = '/a' x 17;
my $rules = join ' ', map { "!/a$_" } 1 .. 17;

refused($t, 'no secret here',

    # what there is to choose from

    bad('query_cache_engine', qr/invalid value "\S*"/,
        qw/mysql off ""/),
    bad('query_cache_fold', qr/invalid value "\S+"/, qw/yes 1/),
    bad('query_cache_guard', qr/invalid value "\S+"/, 'sessions', 'on',
        'statement,session', 'statement x'),
    bad('query_cache_guard', qr/"query_cache_guard off" has nothing beside it/,
        'off statement', 'session off'),
    bad('query_cache_methods', qr/invalid value "\S+"/, 'PATCH', 'SEARCH'),

    bad('query_cache_normalize', qr/invalid value "\S*"; it must be "off" or /
        . qr/some of "args", "json", "sql" and "graphql"/, 'x', 'JSON',
        'args,json', 'args off', 'off args', '""'),
    bad('query_cache_normalize', qr/invalid parameter "sql=\S*"; write where /
        . qr/SQL is: "sql=\/member" of a JSON body, or "sql=argument"/,
        'sql=', 'sql=/a~2', "sql=/$long", "sql=$deep"),
    bad('query_cache_normalize', qr/"sql" is in one place; "sql=b" is dup/,
        'sql=/a sql=b', 'sql=a sql=b'),

    # names

    (map { bad($_, qr/invalid value "\S*"; write the name of an argument, at /
        . qr/most four "\*" in it, or "off"/, 'a*b*c*d*e*f', '""', 'a ""') }
        @lists),

    bad('query_cache_ignore_json', qr/invalid value "\S*"; write a JSON /
        . qr/pointer, as in "\/context\/queryId", or "off"/, 'a', 'a/b',
        '/a~', '/a~2b', '$.a', '""', '/a b', "/$long", $deep),

    (map { bad($_, qr/invalid value "\S*"; write "\$http_name" for a header /
        . qr/field, "\$arg_name" for an argument, "\$cookie_name" for a /
        . qr/cookie/, 'a', 'http_a', '$uri', '$remote_user', '$http_',
        '$arg_', '$cookie_', '""', '$arg_a b', '$Arg_a') } @names),

    # a field in the key that could pass for what is asked

    bad('query_cache_identity', qr/a part of the key has the name of "\S+" /
        . qr/already; use "query_cache_key" with another name/,
        map { "\$http_$_" } qw/sql json graphql operation persisted body args
            uri method Host/),

    # rules

    bad('query_cache_integrity', qr/invalid rule "\S*"; write the name of an /
        . qr/engine, "json", "lines", "\/pointer=value", "!\/pointer", /
        . qr/"text=string", "!text=string" or "off"/, 'x', 'none', 'json off',
        '/a', '!/a~2', '/a~2=b', '!a', 'text=', '!text=', 'text', '""', '!',
        "text=$long", "/$long=1", '"!/a/b/c/d/e/f/g/h/i"'),
    bad('query_cache_integrity', qr/too many rules in "query_cache_integrity"/,
        $rules, 'elasticsearch !/a !/b !/c !/d'),

    # numbers, sizes, times

    bad('query_cache_normalize_limits', qr/invalid parameter "\S*"; there are /
        . qr/"body=size" up to 64m, "depth=number" up to 256, "args=number" /
        . qr/and "ratio=number", each once/, 'x', 'body', 'body=', 'body=0',
        'body=x', 'body=-1', 'body=65m', 'body=1k body=2k', 'depth=0',
        'depth=257', 'depth=x', 'depth=1 depth=2', 'args=0', 'args=-1',
        'args=', 'ratio=0', 'ratio=1x', 'Body=1k', 'deep=1', '""'),

    bad('query_cache_hit_for_miss', qr/invalid value/, 'x', '-1', '1q', '""'),
    bad('query_cache_lock', qr/invalid value "\S*"/, 'yes', 'x', '""'),
    (map { bad("query_cache_lock_$_", qr/invalid value/, 'x', '-1', '1q', '""'),
        bad("query_cache_lock_$_", qr/must not be 0; every wait needs an end/,
            '0') } qw/timeout age/),

    bad('query_cache_valid', qr/invalid (?:time value|status) "\S*"/,
        'closed=x', 'open=x', 'closed=', 'open=', 'closed=-1',
        '200 closed=x 1m', 'closed=1m open=x', '600 closed=1m',
        'close=1m', 'closed 1m', '1m closed=1m 99 open=1m'),

    bad('query_cache_window', qr/invalid parameter "\S*"; there are /
        . qr/"zone=utc" or "zone=\+hh:mm", and "lag=time", each once, and /
        . qr/"end=" with the name of an argument or a JSON pointer/,
        'x', 'zone=', 'zone=x',
        'zone=+1', 'zone=+01', 'zone=01:00', 'zone=+25:00', 'zone=+01:60',
        'zone=+15:00', 'zone=Europe/Berlin', 'lag=', 'lag=x', 'lag=-1',
        'end=', 'end=/a~2', 'end=a*', 'utc', '""', 'zone=utc zone=+01:00',
        'lag=1s lag=2s'),

    bad('query_cache_round', qr/invalid rounding "\S*"; write a time and what /
        . qr/to round to it, as in "query_cache_round 60s \/from \/to", or /
        . qr/"off"/, 'x a', '0 a', '60s', '-1 a', '"" a', 'off a', '1ms a'),
    bad('query_cache_round', qr/invalid value "\S*"; write the name of an /
        . qr/argument or a JSON pointer/, '60s ""', '60s /a~2', '60s a /~',
        '60s a*'),

    bad('query_cache_accept_query', qr/invalid value ".*"; write media types, /
        . qr/as in "application\/json", or "off"/, 'json', '""', 'a/b json',
        'off a/b', '"a/b\tX-Evil: 1"', "a/\xe4"),

    # twice, how many, and where

    (map { location("$_ $good{$_}; $_ $good{$_}",
        qr/is duplicate|each once/) } grep { !/guard/ } @one, @some),
    (map { location($_, qr/invalid number of arguments/) } @one, @some),
    (map { location("$_ $good{$_} $good{$_}",
        qr/invalid number of arguments/) } @one),
    (map { location("if (\$uri) { $_ $good{$_}; }", qr/is not allowed here/) }
        @one, @some),
    (map { ["query_cache_zone y { disk d; $_ $good{$_}; }",
        qr/unknown directive "$_"|"$_" directive/] } @one, @some),
);

done_testing();
