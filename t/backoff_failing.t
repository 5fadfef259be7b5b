#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# query_cache_fail_backoff: a query whose upstream run has failed is not run
# again for a while, and twice as long after each further failure, in all
# workers.  Its clients get 503 with Retry-After, or an entry that may be
# served stale.  A thousand of them cost the upstream one run each time.
# Success ends it; what is no failure of the query does not begin it; who
# wants no answer of the cache is not held back, nor are other queries.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Collapse;
use QC::Nginx;
use QC::Stale;
use QC::Upstream;
use QC::Util qw/wait_until/;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $old = ['Cache-Control' => 'max-age=0, stale-if-error=600', ETag => '"e"'];

# what ends in a failure, and what the client gets

my %bad = (
    '500' => [500, { status => 500, body => 'bad' }],
    '502' => [502, { status => 502, body => 'bad' }],
    '503' => [503, { status => 503, body => 'bad' }],
    '504' => [504, { status => 504, body => 'bad' }],
    reset => [502, { reset => -1 }],
    garbage => [502, { raw => "HTTP/1.1 200 OK\r\nA\0: b\r\n\r\n" }],
    timeout => [504, { hang => -1 }],
    'sound/exception' => [200, { body => '{"exception": 1}',
        headers => [fresh(), 'X-ClickHouse-Exception-Code' => 60] }],
    'sound/errors' => [200, { body => '{"errors":[{"message":"x"}]}',
        headers => [fresh(), 'Content-Type' => 'application/json'] }],
    half => [200, { size => 100_000, cut => 50_000, headers => [fresh()] }],
    'page/500' => [200, { status => 500, body => 'bad' }],
    'page/reset' => [200, { reset => -1 }],
);

# what does not

my %good = (
    '404' => { status => 404, body => 'none' },
    '400' => { status => 400, body => 'a mistake' },
    '429' => { status => 429, body => 'too many' },
    private => { body => 'mine', headers => ['Cache-Control' => 'private'] },
    redirect => { status => 302, body => '', headers => [Location => '/x'] },
    accel => { body => '', headers => ['X-Accel-Redirect' => '/page'] },
);

my $up = QC::Upstream->start(port => port('up'), routes => {
    (map { ("/$_" => $bad{$_}[1]) } keys %bad),
    (map { ("/$_" => $good{$_}) } keys %good),
    '/crowd' => { status => 503, body => 'bad', gate => 'crowd' },
    '/again' => [({ status => 500, body => 'bad' }) x 2,
        { body => 'well', headers => [fresh()] },],
    '/stale' => [{ body => 'old', headers => $old },
        { status => 500, body => 'bad' }],
    '/swr' => [{ body => 'old', headers => stale_headers() },
        { status => 500, body => 'bad' }],
    '/off/a' => { status => 500, body => 'bad' },
    '/long/*' => { status => 500, body => 'bad' },
    'PUT /put' => { status => 500, body => 'bad' },
});

my $conf = collapsing('query_cache_client_control on;', '',
    'query_cache_fail_backoff 1h max=3h;
            query_cache_hit_for_miss 0;
            query_cache_bypass $arg_bypass;
            query_cache_cache_status query_cache detail;
            proxy_read_timeout 300ms;
            proxy_http_version 1.1;');

$conf =~ s/(?=        location = \/stats)/
        location \/long {
            query_cache z;
            query_cache_fail_backoff 1h max=3h;
            add_header X-Reason \$query_cache_reason always;
            proxy_pass http:\/\/127.0.0.1:%%PORT_up%%;
        }

        location \/page\/ {
            query_cache z;
            query_cache_fail_backoff 1h max=3h;
            proxy_intercept_errors on;
            error_page 500 502 504 =200 \/page;
            proxy_pass http:\/\/127.0.0.1:%%PORT_up%%;
        }

        location \/sound\/ {
            query_cache z;
            query_cache_fail_backoff 1h max=3h;
            query_cache_hit_for_miss 0;
            query_cache_integrity clickhouse graphql;
            add_header X-Reason \$query_cache_reason always;
            proxy_pass http:\/\/127.0.0.1:%%PORT_up%%;
        }

        location = \/page {
            query_cache off;
            return 200 "page\\n";
        }

        location \/off\/ {
            query_cache z;
            proxy_pass http:\/\/127.0.0.1:%%PORT_up%%;
        }

/ or die;

# the same queries, with times that end while the test runs

$conf =~ s/(?=        location = \/stats)/
        location = \/again {
            query_cache z;
            query_cache_fail_backoff 2s max=60s;
            query_cache_hit_for_miss 0;
            add_header X-Status \$query_cache_status always;
            add_header X-Reason \$query_cache_reason always;
            proxy_pass http:\/\/127.0.0.1:%%PORT_up%%;
        }

/ or die;

$t->write_file_expand('nginx.conf', $conf);
$t->run;

sub is_held {
    my ($r, $left, $name) = @_;

    is($r->status, 503, "$name: held back");
    is($r->header('X-Reason') // 'backoff', 'backoff', "$name: why");

    my $after = $r->header('Retry-After') // 0;
    ok($after >= 1 && $after <= $left, "$name: Retry-After")
        or diag("$after");
}

# failures

my $held = 0;

for my $name (sort keys %bad) {
    my ($status) = $bad{$name}[0];

    is($t->get("/$name")->status, $status, "$name: the upstream's own");

    my $r;
    ok(wait_until(sub { ($r = $t->get("/$name"))->status == 503
        && $r->header('Retry-After') }), "$name: then not any more")
        if $name eq 'half';

    $r = $t->get("/$name");

    if ($name =~ /^page/) {
        is($r->status, 503, "$name: held back");
    } else {
        is_held($r, 3601, $name);
    }

    is($up->hits("/$name"), 1, "$name: asked once") if $name ne 'half';
}

my $r = $t->get('/500');
is($r->header('Cache-Status'), 'query_cache; detail=backoff', 'Cache-Status');
is($t->head('/500')->status, 503, 'HEAD, too');

# not of this query

for my $name (sort keys %good) {
    $t->get("/$name") for 1 .. 3;
    is($up->hits("/$name"), 3, "$name: no failure");
}

is($t->get('/500?other=1')->header('X-Reason'), 'status', 'another query');

# who is not held back

my $hits = $up->hits('/500');

is($t->get('/500', headers => ['Cache-Control' => 'no-cache'])->body, 'bad',
    'no-cache');
is($t->get('/500?bypass=1')->body, 'bad', 'bypassed');
is($up->hits('/500'), $hits + 2, 'both were asked for');
is($t->request('PUT', '/put')->body, 'bad', 'a method that is not cached')
    for 1, 2;
is($up->hits('/put'), 2, 'was asked for');

$t->get('/off/a') for 1, 2;
is($up->hits('/off/a'), 2, 'off by default');

# a crowd: one run for all

my $n = 200;
my @all = map { one($t, '/crowd') } 1 .. $n;

ok($up->wait_at('crowd'), 'crowd: one runs the upstream');
ok($t->wait_stats('/stats', 'lock', 'waited', $n - 1), 'crowd: others wait');
$up->release('crowd');

my @r = answers(@all);
my %bodies;
$bodies{$_->body eq 'bad' ? 'bad' : $_->status}++ for @r;
is_deeply(\%bodies, { bad => 1, 503 => $n - 1 }, 'crowd: all are answered');

@r = answers(map { one($t, '/crowd') } 1 .. $n);
is((grep { $_->header('Retry-After') } @r), $n, 'crowd: and held back');
is($up->hits('/crowd'), 1, 'crowd: one run');

# entries

$t->get('/stale');
$t->get('/swr');
ok(wait_stale($t, '/stats', 2), 'stale entries');

is($t->get('/stale')->header('X-Status'), 'STALE', 'stale: an error');
is($up->hits('/stale'), 2, 'stale: asked');
$r = $t->get('/stale');
is($r->header('X-Status') . ' ' . $r->body . ' ' . $r->header('X-Reason'),
    'STALE old backoff', 'stale: not any more');
like($r->header('Cache-Status'), qr/^query_cache; hit; .*detail=backoff$/,
    'stale: Cache-Status');
is($t->head('/stale')->header('X-Status'), 'STALE', 'stale: HEAD');
is($up->hits('/stale'), 2, 'stale: not asked again');

is($t->get('/swr')->header('X-Status'), 'UPDATING', 'swr: a fill');
ok($t->wait_stats('/stats', 'fill', 'failed', 1), 'swr: fails');
is($t->get('/swr')->body, 'old', 'swr: served') for 1 .. 3;
is($up->hits('/swr'), 2, 'swr: not filled again');
is($t->stats('/stats', 'fill', 'started'), 1, 'swr: nor begun');

# again, and twice as long; then it is well

is($t->get('/again')->header('X-Reason'), 'status', 'again: a failure');
is_held($t->get('/again'), 3, 'again: at first');

for my $left (5, 0) {
    ok(wait_until(sub { $up->hits('/again') == ($left ? 2 : 3)
        || !($r = $t->get('/again'))->header('Retry-After') }, 20),
        'again: the time is over');

    if ($left) {
        $r = $t->get('/again');
        is_held($r, $left, 'again: twice');
        cmp_ok($r->header('Retry-After'), '>', 3, 'again: as long');
    }
}

is($r->body, 'well', 'again: well');
ok($t->wait_stats('/stats', 'store', 'stored', 3), 'again: stored');
is($t->get('/again')->header('X-Status'), 'HIT', 'again: a hit');
is($up->hits('/again'), 3, 'again: three runs');

cmp_ok($t->stats('/stats', 'reason', 'backoff'), '>=', 2 * $n, 'counted');

done_testing();
