#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Every mistake in a query_cache directive of http, server or location makes
# "nginx -t" fail with a sentence that says what is wrong and where.  Fails
# if a bad value is only found at run time, or changes its meaning.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Conf qw/refused zone/;
use QC::Nginx;

my $t = QC::Nginx->new->has(qw/http query_cache/);
my $zone = zone('disk ' . $t->testdir . '/disk;');

my @sizes = qw/query_cache_min_size query_cache_max_size
    query_cache_max_request_body query_cache_capture_buffer/;
my @times = qw/query_cache_keep query_cache_stale_while_revalidate
    query_cache_stale_if_error/;
my @flags = qw/query_cache_heuristic query_cache_client_control
    query_cache_revalidate query_cache_invalidate query_cache_no_vary_search
    query_cache_repr_digest/;
my @one = (@sizes, @times, @flags, qw/query_cache query_cache_namespace
    query_cache_store_priority query_cache_admin/);
my @some = qw/query_cache_methods query_cache_key query_cache_valid
    query_cache_bypass query_cache_no_store query_cache_targeted
    query_cache_ignore_headers query_cache_upstream_encoding
    query_cache_cache_status/;

sub location {
    my ($text, $says) = @_;

    return ["$zone server { location / { $text; } }", $says];
}

sub each_of {
    my ($names, $values, $says) = @_;

    return map { my $name = $_;
        map { location("$name " . s/NAME/$name/r, $says) } @$values } @$names;
}

refused($t, 'no secret here',

    # what a zone is named for

    location('query_cache y',
        qr/unknown query cache zone "y"; define it above with "query_cache_/),
    location('query_cache_admin y', qr/unknown query cache zone "y"; define/),
    location('query_cache_admin off', qr/unknown query cache zone "off"/),
    location('query_cache z; query_cache z', qr/is duplicate/),
    location('query_cache z; query_cache off', qr/is duplicate/),
    location('query_cache off; query_cache $arg_a', qr/is duplicate/),
    location('query_cache ""', qr/unknown query cache zone ""/),
    location('query_cache_admin z; query_cache_admin z', qr/is duplicate/),
    ["query_cache_admin z; $zone", qr/is not allowed here/],
    ["server { query_cache_admin z; } $zone", qr/is not allowed here/],
    ["server { location / { query_cache z; } } $zone",
     qr/unknown query cache zone "z"; define it above/],

    # values

    each_of(\@sizes, [qw/x -1 1q/], qr/invalid value/),
    each_of(\@sizes, ['1m; NAME 2m'], qr/is duplicate/),
    each_of(['query_cache_capture_buffer'], [0, 32767],
        qr/"query_cache_capture_buffer" must be at least 32768 bytes/),
    each_of(['query_cache_min_size'], ['2m; query_cache_max_size 1m'],
        qr/"query_cache_min_size" is over "query_cache_max_size"/),

    (map { location("query_cache_methods $_", qr/invalid value "\S+"/) }
        'PUT', 'GET,POST', 'GET PUT', 'off'),

    (map { location("query_cache_valid $_",
        qr/invalid time value "\S+"|invalid status "\S+"/) } 'x', '-1',
        '200 x', '99 1m', '600 1m', 'all 1m', '1m 200'),

    (map { location("query_cache_key $_", qr/invalid part ".*" of the key; /
        . qr/write name=value/) } 'x', '=', '=x', 'a=1 b', '$uri'),
    location('query_cache_key a=1 a=2', qr/duplicate part "a" of the key/),
    location('query_cache_key a=1; query_cache_key a=2', qr/duplicate part/),

    (map { location("query_cache_compress $_",
        qr/it must be "zstd", "gzip" or "none"/) } qw/on br ZSTD 1/),
    (map { location("query_cache_compress $_", qr/invalid level "\S+"; zstd /
        . qr/has 1 to 19, gzip 1 to 9, none has no level/) }
        'zstd 0', 'zstd 20', 'zstd -1', 'zstd x', 'gzip 10', 'gzip 0',
        'none 1'),
    location('query_cache_compress zstd 1 2', qr/invalid number of arg/),
    location('query_cache_compress none; query_cache_compress gzip',
        qr/is duplicate/),
    location('query_cache_compress', qr/invalid number of arguments/),

    location('query_cache_store_priority low; query_cache_store_priority low',
        qr/is duplicate/),
    location('query_cache_store_priority urgent',
        qr/it must be "high", "normal" or "low"/),
    location('query_cache_namespace a; query_cache_namespace b',
        qr/is duplicate/),

    (map { location("query_cache_targeted $_", qr/invalid value "[^"]*"; /
        . qr/write names of header fields but "Cache-Control", at most 8 /
        . qr/and each once, or "off"/) } 'Cache-Control', 'cache-control',
        'a off', 'off a', 'a b A', '"a b"', 'a,b', '""', 'a:',
        join(' ', map { "a$_" } 1 .. 9)),
    location('query_cache_targeted a; query_cache_targeted b',
        qr/is duplicate/),
    (map { location("query_cache_ignore_headers $_",
        qr/invalid value "\S+"/) } 'off', 'Date', 'X-Accel-Redirect',
        'Expires,Vary'),

    each_of(\@times, [qw/x -1 -1s off 1.5h/], qr/invalid value/),
    each_of(\@times, ['1h; NAME 2h'], qr/is duplicate/),
    each_of(\@flags, [qw/yes 1/],
        qr/invalid value "\S+" in "\S+" directive, it must be "on" or "off"/),
    each_of(\@flags, ['on; NAME off'], qr/is duplicate/),

    (map { location("query_cache_upstream_encoding $_",
        qr/invalid coding "\S*"; write "identity", "gzip" and "zstd", /
        . qr/each once at most, or "pass" alone/) } 'br', 'GZIP', 'off', '""',
        '*', 'gzip,zstd', 'gzip pass', 'pass gzip', 'gzip zstd gzip'),
    location('query_cache_upstream_encoding gzip; '
        . 'query_cache_upstream_encoding pass', qr/is duplicate/),

    (map { location("query_cache_cache_status $_", qr/invalid name ".*" of a /
        . qr/cache; write printable ASCII without variables, or "off" alone/) }
        'on', 'off key', '""', '$hostname', 'a$b', '"a\tb"', "\xc3\xbc"),
    (map { location("query_cache_cache_status $_", qr/invalid parameter /
        . qr/"\S+"; write "key" or "detail", each once/) } 'a b', 'a off',
        'a key key', 'a detail detail', 'a KEY'),
    location('query_cache_cache_status a key detail key',
        qr/invalid number of arguments/),
    location('query_cache_cache_status a; query_cache_cache_status off',
        qr/is duplicate/),
    location('query_cache_cache_status off; query_cache_cache_status a',
        qr/is duplicate/),

    # their number, and where

    each_of([@one, @some], [''], qr/invalid number of arguments/),
    each_of(\@one, ['a b'], qr/invalid number of arguments/),
    (map { location("if (\$uri) { $_ 1m; }", qr/is not allowed here/) }
        @sizes, @times, @flags, 'query_cache_methods', 'query_cache_valid',
        'query_cache_upstream_encoding', 'query_cache_cache_status'),
    ['query_cache_nothing x;', qr/unknown directive "query_cache_nothing"/],
);

# nginx's own message, without a line of the configuration

for my $text (qw/query_cache query_cache_bypass query_cache_no_store
    query_cache_namespace query_cache_store_priority/, 'query_cache_key a=')
{
    my $value = $text =~ /=$/ ? "$text\$none" : "$text \$none";
    my ($ok, $said) = QC::Conf::check($t, location($value)->[0]);
    ok(!$ok, "$value: refused");
    like($said, qr/\[emerg\].*unknown "none" variable/, "$value: says what");
}

done_testing();
