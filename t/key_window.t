#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# A query whose range of time is over has an answer that stays; one that
# reaches to now has not.  query_cache_valid has a lifetime for each, and
# query_cache_window says what is needed to tell them apart.  A range that
# only may be over counts as open.  query_cache_round lets queries that differ
# by less than a step share.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON::PP ();
use POSIX qw/strftime/;

use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => sub { return { body => "{\"n\":$_[1]}" } },
    '/says/*' => sub { return { body => "{\"n\":$_[1]}",
        headers => ['Cache-Control' => 'max-age=3600'] } },
});

my $pass = 'proxy_pass http://127.0.0.1:%%PORT_up%%;';

$t->write_file_expand('nginx.conf', <<"EOT");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        disk %%TESTDIR%%/store;
    }

    query_cache_zone life {
        disk %%TESTDIR%%/life;
    }

    query_cache          z;
    query_cache_methods  GET POST QUERY;
    query_cache_valid    closed=1h open=0;

    add_header X-Status "\$query_cache_status";
    add_header X-Window "\$query_cache_window";
    add_header X-Key    "\$query_cache_key";

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location /clickhouse/ {
            query_cache_engine clickhouse;
            query_cache_window zone=utc;
            $pass
        }

        location /nozone/ {
            query_cache_engine clickhouse;
            $pass
        }

        location /east/ {
            query_cache_engine clickhouse;
            query_cache_window zone=+14:00;
            $pass
        }

        location /west/ {
            query_cache_engine clickhouse;
            query_cache_window zone=-12:00;
            $pass
        }

        location /lag/ {
            query_cache_engine clickhouse;
            query_cache_window zone=utc lag=1h;
            $pass
        }

        location /json/ {
            query_cache_engine json;
            query_cache_window zone=utc end=/range/to end=to end=/list/1;
            $pass
        }

        location /druid/ {
            query_cache_engine druid;
            query_cache_window zone=utc;
            $pass
        }

        location /none/ {
            query_cache_normalize args;
            query_cache_window zone=utc end=to end=end_a end=end_b;
            $pass
        }

        location /default/ {
            query_cache life;
            query_cache_engine clickhouse;
            query_cache_window zone=utc;
            query_cache_valid 1h open=0;
            $pass
        }

        location /codes/ {
            query_cache life;
            query_cache_engine clickhouse;
            query_cache_window zone=utc;
            query_cache_valid 200 0 closed=1h;
            $pass
        }

        location /says/ {
            query_cache life;
            query_cache_engine clickhouse;
            query_cache_window zone=utc;
            $pass
        }

        location /short/ {
            query_cache life;
            query_cache_engine clickhouse;
            query_cache_window zone=utc;
            query_cache_valid closed=1h open=3s;
            $pass
        }

        location /round/ {
            query_cache_engine json;
            query_cache_round 60s from to t_start /range/from /range/to /list/0;
            $pass
        }

        location /hour/ {
            query_cache_engine json;
            query_cache_window zone=utc end=to;
            query_cache_round 1h to;
            $pass
        }

        location /life/ {
            query_cache life;
            query_cache_engine clickhouse;
            query_cache_window zone=utc;
            $pass
        }

        location = /query_cache_life {
            query_cache off;
            query_cache_admin life;
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
my $now = time();
my %stored;


sub encoded {
    my ($text) = @_;

    return $text =~ s/([^\w.~-])/sprintf '%%%02X', ord $1/gaer;
}


sub ask {
    my ($uri, $body) = @_;

    return $client->request(defined $body ? 'POST' : 'GET', $uri,
        headers => ['Content-Type', 'application/json'],
        defined $body ? (body => $body) : ());
}


sub window {
    my ($uri, $body) = @_;

    my $r = ask($uri, $body);
    my $explained = $client->request(defined $body ? 'POST' : 'GET',
        '/query_cache?explain=' . encoded($uri),
        headers => ['Content-Type', 'application/json'],
        defined $body ? (body => $body) : ());
    my $said = eval { JSON::PP::decode_json($explained->body) } // {};
    my $window = $r->header('X-Window') // '';

    is($said->{window} // '', $window, "$uri: explained as $window");

    return $window;
}


# A date and time so many seconds from now

sub at {
    my ($seconds, $format) = @_;

    return strftime($format // '%Y-%m-%d %H:%M:%S', gmtime($now + $seconds));
}


sub sql {
    my ($where, $place) = @_;

    return ($place // '/clickhouse/') . '?query='
        . encoded("SELECT count() FROM hits WHERE $where");
}


my $day = 86400;
my ($past, $future) = (at(-30 * $day), at($day));
my $date = '%Y-%m-%d';


# ClickHouse: upper bounds of time

my @closed = (
    "ts < '$past'", "ts <= '$past'", "ts = '$past'", "'$past' > ts",
    "ts BETWEEN '2020-01-01' AND '$past'", "a = 1 AND ts < '$past'",
    "(a = 1 OR b = 2) AND (ts < '$past')", "ts < toDateTime('$past')",
    "ts < toDate('" . at(-30 * $day, $date) . "')",
    "ts < '" . at(-30 * $day, '%Y-%m-%dT%H:%M:%SZ') . "'",
    'ts < ' . ($now - 30 * $day), 'event_time < ' . ($now - 30 * $day) * 1000,
    "ts < '" . at(-60) . "'",
    "day <= '" . at(-3 * $day, $date) . "'",
);

my @open = (
    "ts < '$future'", "ts <= '" . at(120, $date) . "'",
    "ts BETWEEN '$past' AND '$future'",
    'ts < ' . ($now + $day), "ts <= '" . at(-10 + 3600) . "'",
    "ts < '2999-12-31'", "ts = '" . at(120, $date) . "'",
);

my @unknown = (
    '1', "a = 'b'", "ts > '$past'", "ts >= '$past'", "ts < now()",
    "ts < '$past' OR a = 1", "NOT (ts < '$past')", "ts < b", "ts != '$past'",
    "a < 5", "ts < '" . at(-30 * $day, '%d.%m.%Y') . "'",
    "a IN (SELECT a FROM other) AND ts < '$past'",
);

is(window(sql($_)), 'closed', "closed: $_") for @closed;
is(window(sql($_)), 'open', "open: $_") for @open;
isnt(window(sql($_)), 'closed', "not closed: $_") for @unknown;

is(window('/clickhouse/?query=' . encoded("SELECT 1")), '', 'no time at all');
isnt(window('/clickhouse/?query=' . encoded("SELECT a FROM t WHERE ts < "
    . "'$past' UNION ALL SELECT a FROM t")), 'closed', 'a union with all time');
is(window('/clickhouse/?query=' . encoded("SELECT a FROM t WHERE ts < '$past'"
    . " UNION ALL SELECT a FROM u WHERE ts < '$past'")), 'closed',
    'a union of closed ranges');
isnt(window('/clickhouse/?query=' . encoded("SELECT now(), a FROM t WHERE ts < "
    . "'$past'")), 'closed', 'an answer that changes by itself');
isnt(window('/clickhouse/?query=' . encoded("SELECT a FROM system.parts WHERE "
    . "ts < '$past'")), 'closed', 'a table of the system');

# zones: a time without one may be hours later

my $near = "ts < '" . at(-6 * 3600) . "'";

is(window(sql($near)), 'closed', 'six hours ago, in UTC');
is(window(sql($near, '/nozone/')), 'open', 'six hours ago, somewhere');
is(window(sql($near, '/west/')), 'open', 'six hours ago, in the west');
is(window(sql($near, '/east/')), 'closed', 'six hours ago, in the east');
is(window(sql("ts < '" . at(6 * 3600) . "'", '/east/')), 'closed',
    'in six hours, in the east');
is(window(sql("ts < '" . at(-13 * 3600) . "'", '/nozone/')), 'closed',
    'thirteen hours ago is past everywhere');
is(window(sql("ts < '" . at(-6 * 3600, '%Y-%m-%dT%H:%M:%SZ') . "'",
    '/nozone/')), 'closed', 'a time that says its zone');
is(window(sql('ts < ' . ($now - 60), '/nozone/')), 'closed',
    'an epoch has no zone');

# what comes late

is(window(sql("ts < '" . at(-1800) . "'", '/lag/')), 'open',
    'within what may come late');
is(window(sql("ts < '" . at(-7200) . "'", '/lag/')), 'closed', 'before it');


# Ends in arguments and members

my $ms = ($now - 3600) * 1000;

for (['closed', '/json/?to=' . ($now - 60)],
    ['open', '/json/?to=' . ($now + 900)],
    ['closed', '/json/?to=' . encoded($past)], ['', '/json/?from=1'],
    ['closed', '/json/', "{\"range\":{\"to\":$ms}}"],
    ['closed', '/json/', "{\"range\":{\"to\":\"$past\"}}"],
    ['open', '/json/', "{\"range\":{\"to\":\"$future\"}}"],
    ['closed', '/json/', "{\"list\":[\"$future\",\"$past\"]}"],
    ['open', '/json/', "{\"list\":[\"$past\",\"$future\"]}"],
    ['open', '/json/?to=' . ($now - 60), "{\"range\":{\"to\":\"$future\"}}"],
    ['', '/json/', "{\"to\":\"$past\"}"], ['', '/json/', '{}'],
    ['closed', "/none/?to=" . encoded($past)], ['', '/none/?too=1'],
    ['closed', '/none/?end_a=' . ($now - 60) . '&end_b=' . ($now - 90)],
    ['open', '/none/?end_a=' . ($now - 60) . '&end_b=' . ($now + 900)],
    ['open', '/none/?to=' . ($now - 60) . '&to=' . ($now + 900)],
    ['closed', '/none/?t%6f=' . ($now - 60)])
{
    my ($expected, $uri, $body) = @$_;

    is(window($uri, $body), $expected, "$uri " . ($body // '') . ": $expected");
}

# what is not a time, but is where one should be, is not over

isnt(window($_->[0], $_->[1]), 'closed', "$_->[0] " . ($_->[1] // ''))
    for ['/json/?to=now'], ['/json/?to='], ['/json/?to'], ['/json/?to=5'],
    ['/json/', '{"range":{"to":null}}'],
    ['/json/', '{"range":{"to":"now-1h"}}'],
    ['/json/', '{"range":{"to":[1]}}'], ['/json/', '{"range":{"to":1.5}}'],
    ['/json/?to=' . encoded($past), '{"range":{"to":"now"}}'];


# Lifetimes: what is not to be stored is a miss again and again

my $stored = 0;

sub lifetime {
    my ($name, $expected, @request) = @_;

    my $first = ask(@request);
    is($first->header('X-Status'), 'MISS', "$name: a miss");

    if ($expected eq 'HIT') {
        ok($t->wait_stats('/query_cache_life', 'store', 'stored', ++$stored),
            "$name: stored");
    }

    is(ask(@request)->header('X-Status'), $expected, "$name: $expected");
}

lifetime('open=0', 'MISS', sql("ts < '$future'", '/life/'));
lifetime('no time, no default', 'MISS', sql("a = 1", '/life/'));
lifetime('closed=1h', 'HIT', sql("ts < '$past'", '/life/'));
lifetime('the default', 'HIT', sql("a = 2", '/default/'));
lifetime('closed: the default', 'HIT', sql("ts < '$past'", '/default/'));
lifetime('open=0 beside it', 'MISS', sql("ts < '$future'", '/default/'));
lifetime('a code and closed', 'HIT', sql("ts < '$past'", '/codes/'));
lifetime('a code', 'MISS', sql("a = 1", '/codes/'));
lifetime('the upstream says it', 'HIT', sql("ts < '$future'", '/says/'));
lifetime('closed again', 'HIT', sql("ts < '$past' AND 2 = 2", '/life/'));

is($t->stats('/query_cache_life', 'store', 'stored'), $stored,
    'and nothing else');

lifetime('closed beside it', 'HIT', sql("ts < '$past'", '/short/'));

my $short = sql("ts < '$future'", '/short/');
lifetime('open=3s', 'HIT', $short);
ok(wait_until(sub { ask($short)->header('X-Status') =~ /EXPIRED|MISS/ }, 10),
    'open=3s: ends');


# Rounding

my $minute = 1_700_000_040;

sub key { return ask(@_)->header('X-Key') }

sub same {
    my ($name, $first, @rest) = @_;

    my $key = key(ref $first ? @$first : "/round/$first");

    is(key(ref $_ ? @$_ : "/round/$_"), $key, "$name: shared")
        for @rest;
}

sub differ {
    my ($name, @requests) = @_;
    my %keys;

    push @{$keys{key(ref $_ ? @$_ : "/round/$_")}}, ref $_ ? "@$_" : $_
        for @requests;

    is(join(' = ', map { @$_ } grep { @$_ > 1 } values %keys), '',
        "$name: apart");
}

same('seconds', map { "?from=$_" } $minute, $minute + 1, $minute + 59);
same('milliseconds', map { "?from=$_" } $minute . '000', $minute . '999',
    ($minute + 59) . '999');
same('microseconds', map { "?to=$_" } $minute . '000000', $minute . '000001');
same('nanoseconds', map { "?to=$_" } $minute . '0' x 9,
    ($minute + 9) . '1' x 9);
same('texts', map { '?from=' . encoded($_) } '2026-05-01T10:20:00Z',
    '2026-05-01T10:20:59Z', '2026-05-01T10:20:30.123Z');
same('texts with no zone', map { '?from=' . encoded($_) }
    '2026-05-01 10:20:00', '2026-05-01 10:20:59');
same('another name', map { "?t_start=$_" } $minute, $minute + 5);
same('members', map { ['/round/', "{\"range\":{\"from\":$_}}"] } $minute,
    $minute + 30, $minute + 59);
same('members of text', map { ['/round/', "{\"range\":{\"to\":\"$_\"}}"] }
    $minute, $minute + 30);
same('elements', map { ['/round/', "{\"list\":[$_,7]}"] } $minute,
    $minute + 1);
same('both ends',
    map { "?from=" . ($minute + $_) . '&to=' . ($minute + 60 + $_) }
    0, 15, 59);

differ('steps', map { "?from=$_" } $minute - 1, $minute, $minute + 60,
    $minute + 120, $minute . '000', $minute . '000000', $minute . '0' x 9);
differ('names', "?from=$minute", "?to=$minute", "?t_=$minute",
    "?other=$minute");
differ('others are as they are', map { "?other=$_" } $minute, $minute + 1);
differ('other members', map { ['/round/', "{\"range\":{\"at\":$_}}"] } $minute,
    $minute + 1);
differ('other elements', map { ['/round/', "{\"list\":[1,$_]}"] } $minute,
    $minute + 1);
differ('kinds', ['/round/', "{\"range\":{\"from\":$minute}}"],
    ['/round/', "{\"range\":{\"from\":\"$minute\"}}"],
    ['/round/', "{\"range\":{\"from\":\"s:$minute\"}}"],
    ['/round/', "{\"range\":{\"from\":[$minute]}}"],
    ['/round/', "{\"range\":{\"to\":$minute}}"]);
differ('zones', map { '?from=' . encoded($_) } '2026-05-01T10:20:00Z',
    '2026-05-01T10:20:00+02:00', '2026-05-01T10:20:00', '2026-05-01T12:20:00Z');
differ('what is no time', map { "?from=$_" } 'now', 'now-1h', '', '5', '6',
    '2026-13-01', 's:1700000040', 'iso:1700000040', "s%3A$minute", $minute);
differ('several', "?from=$minute&from=" . ($minute + 60),
    "?from=$minute&from=" . ($minute + 120), "?from=$minute");

# an end is tested as it came, not as it was rounded

is(window('/hour/?to=' . ($now - $now % 3600 + 3599)), 'open',
    'the end, not what it is rounded to') if $now % 3600 < 3500;

done_testing();
