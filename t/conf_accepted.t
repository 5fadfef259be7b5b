#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# What is documented passes "nginx -t" without a warning: every directive
# with the values at its limits, every form of a URL and of a credential.
# Fails if a check is stricter than the documentation.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Conf qw/zone/;
use QC::Nginx;

my $t = QC::Nginx->new->has(qw/http query_cache ssl/);
my $dir = $t->testdir;
my $disk = "disk $dir/disk;";
my $keys = 'access_key=a secret_key=s';
my $s3 = "s3 http://127.0.0.1:9000 bucket=b $keys;";

delete $ENV{$_} for grep { /^AWS_/ } keys %ENV;
@ENV{qw/QC_ID QC_KEY/} = qw/id key/;

$t->write_file('key', "secret\n");
$t->write_file('crlf', "secret\r\n");

sub location { return zone($disk) . " server { location / { @_; } }" }

my @good = (
    zone($disk), zone($s3), zone($s3, $disk), zone($disk, $s3),
    zone("$s3 redis redis://127.0.0.1;"),
    zone("redis redis://127.0.0.1; $s3 $disk"),
    "query_cache_zone a { $disk } query_cache_zone b { disk $dir/b; }",

    # numbers at their limits

    zone("$disk memory 1m; hold 0; hold_timeout 1ms;"),
    zone("$disk redis_timeout 1ms; redis_backoff 1ms 1ms; redis_queue 1;"),
    zone("$disk redis_backoff 1s 1h; redis_queue 65536;"),
    zone("$disk s3_connect_timeout 1ms; s3_send_timeout 1m;"),
    zone("$disk s3_read_timeout 1h; s3_keepalive 65536; s3_max_fails 1;"),
    zone("$disk s3_backoff 1ms 1d; store_concurrency 1; store_queue 1;"),
    zone("$disk store_memory 0; store_timeout 1ms; store_retries 0;"),
    zone("$disk memory 32k; marks 128;"), zone("$disk marks 0;"),
    zone("$disk memory 32k; locks 64;"), zone("$disk locks 0;"),
    zone("$disk memory 64k; uses 340;"), zone("$disk uses 0;"),
    zone("$disk memory 32k; invalidations 160;"),
    zone("$disk memory 1m; invalidations 5456;"),
    zone("$disk invalidations 64; fill_concurrency 0;"),
    zone("$disk fill_concurrency 65536;"),
    zone("$disk store_retries 10; store_temp_size 1g; memory 99m;"),

    # disk

    (map { zone("disk $dir/disk $_;") } 'max_size=1', 'max_size=100g',
        'min_free=0', 'min_free=1g', 'min_free=1m max_size=1m'),
    zone("disk $dir/disk/;"), zone('disk disk;'),

    # redis

    (map { zone("$s3 redis $_;") } 'redis://127.0.0.1',
        'redis://127.0.0.1/', 'redis://127.0.0.1:1/15', 'redis://[::1]:1',
        'redis://[::1]', 'redis://localhost', 'redis://u@127.0.0.1',
        'redis://u:p@127.0.0.1', 'redis://:p@127.0.0.1',
        'redis://:%40%2F%3A@127.0.0.1/1', 'unix:/redis.sock',
        'unix:/redis.sock:3', 'redis+unix://:p@/redis.sock?db=3',
        'redis://127.0.0.1 prefix=a:', 'redis://127.0.0.1 prefix='),

    # s3

    (map { zone("s3 $_ bucket=b $keys;") } 'http://127.0.0.1',
        'http://127.0.0.1/', 'http://127.0.0.1:65535', 'HTTP://127.0.0.1',
        'http://[::1]:9000', 'https://127.0.0.1', 'http://localhost:1'),
    (map { zone("s3 https://127.0.0.1 bucket=b $keys $_;") } 'verify=off',
        'verify=on', 'style=virtual', 'style=path', 'region=eu-west-1',
        'region=', 'prefix=a/b', 'prefix=/a/', 'host=s3.test',
        'tags=a=1&b=2', 'storage_class=STANDARD_IA', 'session_token=t'),
    (map { zone("s3 http://127.0.0.1 bucket=b access_key=env:QC_ID"
        . " secret_key=$_;") } 'env:QC_KEY', 'file:key', "file:$dir/crlf",
        'a+/=:b'),
    'upstream s3 { server 127.0.0.1:1; } '
        . zone("s3 http://s3 bucket=b $keys;"),
    zone("s3 http://s3 bucket=b $keys;")
        . ' upstream s3 { server 127.0.0.1:1; }',
    'resolver 127.0.0.1; ' . zone("s3 http://no.such.host.invalid bucket=b"
        . " $keys; redis redis://no.such.host.invalid;"),

    # locations

    (map { location($_) } 'query_cache z', 'query_cache off',
        'query_cache $arg_zone', 'query_cache "a$arg_zone"',
        'query_cache_methods GET', 'query_cache_methods POST GET HEAD',
        'query_cache_key args=', 'query_cache_key a=$uri b=$args host=',
        'query_cache_key a=1; query_cache_key b=2', 'query_cache_key a==',
        'query_cache_valid 10m', 'query_cache_valid 200 404 1m',
        'query_cache_valid any 0', 'query_cache_valid 200 60',
        'query_cache_valid 200 1m; query_cache_valid 404 1s',
        'query_cache_min_size 0', 'query_cache_min_size 1m',
        'query_cache_max_size 10g', 'query_cache_max_request_body 0',
        'query_cache_bypass $http_pragma $arg_nocache',
        'query_cache_no_store $http_pragma', 'query_cache_namespace a',
        'query_cache_namespace $host', 'query_cache_compress zstd',
        'query_cache_compress zstd 19', 'query_cache_compress gzip 9',
        'query_cache_compress none', 'query_cache_capture_buffer 32k',
        'query_cache_store_priority $arg_p', 'query_cache_admin z',
        'query_cache_store_priority high', 'query_cache_store_priority low',
        'if ($arg_a) { query_cache z; } root /'),

    # queries

    (map { location("query_cache_engine $_") } qw/none json clickhouse
        elasticsearch druid cube graphql pinot/),
    (map { location("query_cache_normalize $_") } 'off', 'args', 'json',
        'sql', 'graphql', 'args json sql=/query', 'sql=stmt', 'sql=/a~1b/~0c',
        'args json sql graphql', 'sql=/' . 'a' x 200),
    (map { my $name = $_; map { location("query_cache_${name}_args $_") }
        'off', 'a', 'a b c', 'a*', '*', '*a*b*c*', 'a%20b' }
        qw/ignore keep ordered/),
    (map { location("query_cache_ignore_json $_") } 'off', '/a',
        '/a/b/0/c /d', '/a/*/b', '/~0/~1', '/', '/a' x 16),
    (map { my $name = $_; map { location("query_cache_$name $_") }
        'off', '$http_x_team', '$arg_team $cookie_team $http_a',
        '$cookie__ga' } qw/identity share/),
    (map { location("query_cache_guard $_") } 'off', 'statement', 'session',
        'statement session'),
    (map { location("query_cache_integrity $_") } 'off', 'json', 'lines',
        'clickhouse', 'elasticsearch', 'druid', 'cube', 'graphql', 'pinot',
        '/a=1', '!/a', '!/a/*/b', 'text=END', '!text=Error', '/a= /b=x=y',
        'json !/error "text=a b"', 'clickhouse lines !/a',
        join(' ', map { "!/a$_" } 1 .. 16)),
    (map { location("query_cache_fold $_") } 'on', 'off'),
    location('query_cache_methods QUERY'),
    location('query_cache_methods GET HEAD POST QUERY'),
    (map { location("query_cache_accept_query $_") } 'off',
        'application/json', 'application/json text/plain',
        q{'application/sql;charset="UTF-8"'}),
    (map { location("query_cache_normalize_limits $_") } 'body=1',
        'body=64m', 'depth=1', 'depth=256', 'args=1', 'args=1000000',
        'ratio=1', 'body=1m depth=10 args=10 ratio=10'),
    (map { location("query_cache_valid $_") } 'closed=1h', 'open=5s',
        'closed=1h open=0', '1m closed=1h open=5s', '200 404 1m open=1s',
        '200 closed=1h', 'any closed=1h open=1s',
        '200 1m closed=1h; query_cache_valid 404 1s'),
    (map { location("query_cache_window $_") } 'zone=utc', 'zone=UTC',
        'zone=+05:30', 'zone=-12:00', 'zone=+14:00', 'lag=0', 'lag=5m',
        'end=to', 'end=/a/0/b end=until end=/c', 'zone=utc lag=1h end=to'),
    (map { location("query_cache_round $_") } 'off', '1 a', '60s a b /c',
        '1d /a/*/b'),
    (map { location("query_cache_hit_for_miss $_") } '0', '5s', '1h'),
    (map { location("query_cache_lock $_") } 'off', 'local', 'on'),
    (map { location("query_cache_lock_$_") } 'timeout 1ms', 'timeout 1h',
        'age 1ms', 'age 1h'),
    (map { location("query_cache_valid auto$_") } '', ' factor=0.001',
        ' factor=1000 min=1s max=1d', '; query_cache_valid 404 1s',
        ' min=5s max=5s'),
    (map { location("query_cache_fill_concurrency $_") } '0', '65535'),
    (map { location("query_cache_abort $_") } qw/cancel finish auto/),
    (map { location("query_cache_cancel $_") } 'off', '/kill'),
    (map { location("query_cache_fail_backoff $_") } 'off', '1s', '2m',
        '1s max=1s', '5 max=1h'),
    (map { location("query_cache_min_uses $_") } '1', '65535'),
    (map { location("query_cache_min_cost $_") } '0', '1ms', '10m'),
    (map { location("query_cache_early $_") } '0', '1', '0.5', '1.125',
        '1000'),
    (map { location("query_cache_refresh_ahead $_") } 'off', '1%',
        '99% uses=1', '80% uses=65535'),
    (map { location("query_cache_stale_if_slow $_") } '0', '250ms', '5s'),

    # what upstreams say

    (map { my $name = $_; map { location("query_cache_$name $_") }
        'on', 'off' } qw/heuristic client_control revalidate invalidate
        no_vary_search repr_digest/),
    (map { my $name = $_; map { location("query_cache_$name $_") }
        '0', '5s', '1h30m', '400y' } qw/keep stale_while_revalidate
        stale_if_error/),
    (map { location("query_cache_upstream_encoding $_") } 'pass', 'identity',
        'gzip', 'zstd gzip identity'),
    (map { location("query_cache_cache_status $_") } 'off', 'edge-1',
        'a key', 'a detail key', '"the \\"edge\\" 1" key', 'onoff'),
    (map { location("query_cache_ignore_headers $_") } 'X-Accel-Expires',
        'Expires', 'Cache-Control', 'Set-Cookie', 'Vary',
        'X-Accel-Expires Expires Cache-Control Set-Cookie Vary'),
    (map { location("query_cache_targeted $_") } 'off', 'CDN-Cache-Control',
        'My-Cache-Control cdn-cache-control', 'Surrogate-Control',
        join(' ', map { "a$_-Cache-Control" } 1 .. 8)),
);

# from the environment, if nothing else is said

@ENV{qw/AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY/} = ('a', 's');
push @good, zone('s3 http://127.0.0.1 bucket=b;');

for my $conf (@good) {
    my ($ok, $said) = QC::Conf::check($t, $conf);
    my $name = QC::Conf::name_of($t, $conf);

    ok($ok, "$name: accepted") or diag($said);
    unlike($said, qr/\[(?:warn|alert|crit|error)\]/, "$name: no warning");
}

done_testing();
