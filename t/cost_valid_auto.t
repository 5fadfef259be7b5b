#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# With "query_cache_valid auto" an answer lives as much longer as it has cost
# more, within bounds, and so do its windows, and the ways to it; but only
# where nobody else says how long it lives.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Cost;
use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

# as ClickHouse says: what a run takes here is not known beforehand

sub dear {
    return { body => 'rows', at => [[0, delay => 0.25]],
        headers => [@_, 'X-ClickHouse-Summary' =>
        '{"elapsed_ns":"200000000"}'] };
}

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => dear(),
    '/auto/302' => { %{dear()}, status => 302 },
    '/auto/404' => { %{dear()}, status => 404 },
    '/auto/500' => { %{dear()}, status => 500 },
    '/auto/max-age' => dear('Cache-Control' => 'max-age=77'),
    '/auto/no-store' => dear('Cache-Control' => 'no-store'),
    '/auto/vary' => dear(Vary => 'X-A'),
    '/304/*' => [dear(ETag => '"a"'), { status => 304 }],
});

$t->write_file_expand('nginx.conf', costing(
    '/auto/' => 'query_cache_valid auto factor=1000;',
    '/min/' => 'query_cache_valid auto factor=0.5 min=40s max=50s;',
    '/max/' => 'query_cache_valid auto factor=1000 max=50s;',
    '/named/' => 'query_cache_valid auto factor=1000;'
        . ' query_cache_valid 200 33s;',
    '/other/' => 'query_cache_valid auto factor=1000;'
        . ' query_cache_valid 404 33s;',
    '/any/' => 'query_cache_valid auto factor=1000;'
        . ' query_cache_valid any 33s;',
    '/none/' => '',
    '/stale/' => 'query_cache_valid auto factor=10;'
        . ' query_cache_stale_while_revalidate 1h;',
    '/304/' => 'query_cache_valid auto factor=10; query_cache_revalidate on;'));
$t->run;

# a run takes what it takes, and some time has passed since

sub lives {
    my ($uri, $want) = @_;

    stored($t, $uri);
    my $r = $t->get($uri);
    my $ttl = lifetime($r);

    is(told($r), 'HIT', "$uri: a hit");
    ok($ttl <= $want && $ttl >= $want - 8, "$uri: for $want s")
        or diag("for $ttl s");
}

lives('/auto/a', 200);
lives('/auto/302', 200);
lives('/auto/max-age', 77);
lives('/min/a', 40);
lives('/max/a', 50);
lives('/named/a', 33);
lives('/other/a', 200);
lives('/any/a', 33);

for my $uri (qw{/auto/404 /auto/500 /auto/no-store /none/a}) {
    $t->get($uri) for 1, 2;
    is($up->hits($uri), 2, "$uri: not stored");
}

# markers of variants

stored($t, '/auto/vary');
is(told($t->get('/auto/vary')), 'HIT', 'a variant: found');
is(told($t->get('/auto/vary', headers => ['X-A' => 1])), 'MISS absent',
    'another variant');

# 2 s, and the window behind them

stored($t, '/stale/a');
is(told($t->get('/stale/a')), 'HIT', 'for 2 s');
ok(wait_until(sub { told($t->get('/stale/a')) eq 'UPDATING' }, 10),
    'then stale while it is fetched anew');

# a 304 costs nothing, and what the body has cost still counts

stored($t, '/304/a');
ok(wait_until(sub { told($t->get('/304/a')) =~ /^REVALIDATED/ }, 10),
    'when it has expired it is validated');
my $r = $t->get('/304/a');
is(told($r), 'HIT', 'and fresh again');
cmp_ok(lifetime($r), '<=', 2, 'for as long as before');
is($r->header('X-Cost'), '0.200', 'and costs what it did');

done_testing();
