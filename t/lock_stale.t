#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Misses of expired entries collapse, too: others wait for an answer that
# replaces the entry, or a 304 that makes it good again.  With
# stale-while-revalidate nobody waits; who may not be served what is stale
# waits for the background fill.  With stale-if-error each has the upstream's
# own failure behind him.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Collapse;
use QC::Nginx;
use QC::Stale;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $old = ['Cache-Control' => 'max-age=0', ETag => '"e"'];

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/200' => [{ body => 'old', headers => $old },
        { body => 'new', gate => '200', headers => [fresh()] }],
    '/304' => [{ body => 'old', headers => $old },
        { status => 304, gate => '304', headers => [fresh(),
            ETag => '"e"'] }],
    '/other' => [{ body => 'old', headers => $old },
        { status => 304, gate => 'other', headers => [fresh(),
            ETag => '"x"'] },
        { body => 'new', headers => [fresh()] }],
    '/gone' => [{ body => 'old', headers => $old },
        { status => 304, gate => 'gone', headers => ['Cache-Control' =>
            'no-store', ETag => '"e"'] },
        { body => 'new', headers => ['Cache-Control' => 'no-store'] }],
    '/swr' => [{ body => 'old', headers => stale_headers() },
        { body => 'new', gate => 'swr', headers => [fresh()] }],
    '/swr-304' => [{ body => 'old', headers => stale_headers(ETag => '"e"') },
        { status => 304, gate => 'swr-304', headers => [fresh(),
            ETag => '"e"'] }],
    '/sie' => [{ body => 'old', headers => ['Cache-Control' =>
            'max-age=0, stale-if-error=600'] },
        { status => 503, body => 'bad', gate => 'sie' },
        { status => 503, body => 'bad', gate => 'sie-more' }],
});

my @names = qw/200 304 other gone swr swr-304 sie/;

$t->write_file_expand('nginx.conf', collapsing('', '',
    'query_cache_client_control on; proxy_http_version 1.1;'));
$t->run;

$t->get("/$_") for @names;
ok(wait_stale($t, '/stats', scalar @names), 'stale entries');

# what is new

my $fill = one($t, '/200');
ok($up->wait_at('200'), '200: one runs the upstream');
my @others = crowd($t, 5, '/200');
$up->release('200');

my @r = answers($fill, @others);
is(said(@r), '1 EXPIRED, 5 HIT', '200: all are answered');
is(bodies(@r), 'new', '200: by what it said');
like($r[1]->header('Cache-Status'), qr/; fwd=stale; collapsed; ttl=\d/,
    '200: collapsed');

# what is still good

$fill = one($t, '/304');
ok($up->wait_at('304'), '304: one runs the upstream');
@others = crowd($t, 5, '/304');
$up->release('304');

@r = answers($fill, @others);
is(said(@r), '5 HIT, 1 REVALIDATED', '304: all are answered');
is(bodies(@r), 'old', '304: by the entry');
is($up->hits('/304'), 2, '304: that is validated once');

# about another entry: it is asked again, and others wait for that

$fill = one($t, '/other');
ok($up->wait_at('other'), 'other: one runs the upstream');
@others = crowd($t, 5, '/other');
$up->release('other');

@r = answers($fill, @others);
is(said(@r), '1 EXPIRED, 5 HIT', 'other: all are answered');
is(bodies(@r), 'new', 'other: by what it said');
is($up->hits('/other'), 3, 'other: that was asked twice');

# still good, but not any longer: there is nothing to wait for

$fill = one($t, '/gone');
ok($up->wait_at('gone'), 'gone: one runs the upstream');
@others = crowd($t, 5, '/gone');
$up->release('gone');

@r = answers($fill);
is(said(@r) . ' ' . bodies(@r), '1 REVALIDATED old', 'gone: the fill');
@r = answers(@others);
is(said(@r) . ' ' . bodies(@r), '5 EXPIRED new', 'gone: others run it');

# in the background

for my $name (qw/swr swr-304/) {
    my $waited = waited($t);

    is(said(map { $t->get("/$name") } 1 .. 3), '3 UPDATING',
        "$name: stale ones");
    ok($up->wait_at($name), "$name: a fill");
    is(waited($t), $waited, "$name: nobody waits");

    @others = crowd($t, 3, "/$name", headers => ['Cache-Control' =>
        'max-age=600, max-stale=0']);
    $up->release($name);

    @r = answers(@others);
    is(said(@r), '3 HIT', "$name: who may not have them waits for it");
    is(bodies(@r), $name eq 'swr' ? 'new' : 'old', "$name: and has it");
    is($up->hits("/$name"), 2, "$name: the upstream was asked twice");
}

# an upstream that fails

$fill = one($t, '/sie');
ok($up->wait_at('sie'), 'sie: one runs the upstream');
@others = crowd($t, 5, '/sie');
$up->release('sie');
ok($up->wait_at('sie-more', 5), 'sie: all others do, too');
$up->release('sie-more');

@r = answers($fill, @others);
is(said(@r), '6 STALE', 'sie: all have the entry');
is(bodies(@r), 'old', 'sie: as it was');

done_testing();
