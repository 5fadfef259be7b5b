#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# With query_cache_min_uses an answer is stored from that miss of its key on.
# Before it nobody waits for another, and nothing is remembered that would keep
# later ones from being stored; what replaces an entry is stored in any case.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Cost;
use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);
my @fresh = ('Cache-Control' => 'max-age=600');

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/three/held' => { gate => 'held', body => 'held', headers => \@fresh },
    '/three/then' => [{ body => 'old', headers => ['Cache-Control' =>
        'max-age=0, stale-if-error=600'] },
        { body => 'new', headers => \@fresh }],
    '/three/conditions' => { body => 'rows', headers => [@fresh,
        ETag => '"a"'] },
    '/three/vary' => { body => 'rows', headers => [@fresh, Vary => 'X-A'] },
    '/*' => { body => 'rows', headers => \@fresh },
});

$t->write_file_expand('nginx.conf', costing('/one/' => '',
    '/three/' => 'query_cache_min_uses 3; query_cache_lock local;'));
$t->run;

stored($t, '/one/a');
is(told($t->get('/one/a')), 'HIT', 'one use is enough by default');

is(told($t->get('/three/a')), 'MISS min_uses', "use $_: not stored")
    for 1, 2;
is(told(stored($t, '/three/a')), 'MISS absent', 'use 3: stored');
is(told($t->get('/three/a')), 'HIT', 'use 4: a hit');
is($up->hits('/three/a'), 3, 'three of the upstream');

# each key by itself, whatever else was asked for

is(told($t->get('/three/b')), 'MISS min_uses', 'another key');
is(told($t->post('/three/a', 'body')), 'MISS min_uses', 'another method');

# HEAD is not for storing

$t->head('/three/head') for 1 .. 5;
is(told($t->get('/three/head')), 'MISS min_uses', 'HEAD does not count');

# the upstream sees the conditions, as without a cache

$t->get('/three/conditions', headers => ['If-None-Match' => '"a"']);
is($up->last('/three/conditions')->{headers}{'if-none-match'}, '"a"',
    'conditions go upstream');

# nobody waits for what is not stored

my @c = map { my $c = $t->client; $c->send_request('GET', '/three/held'); $c }
    1, 2;
ok($up->wait_requests('/three/held', 2), 'two run the upstream');
my $third = $t->client;
$third->send_request('GET', '/three/held');
ok($up->wait_requests('/three/held', 3), 'a third, which will be stored');
my $fourth = $t->client;
$fourth->send_request('GET', '/three/held');
ok($t->wait_stats('/stats', 'lock', 'waited', 1), 'the fourth waits for it');
$up->release('held');
is(join(', ', map { told($_->read_response) } @c, $third, $fourth),
    'MISS min_uses, MISS min_uses, MISS absent, HIT', 'all are answered');
is($up->hits('/three/held'), 3, 'three of the upstream');

# an entry

$t->get('/three/then') for 1, 2;
$up->set('/three/then' => { body => 'old', headers => ['Cache-Control' =>
    'max-age=0, stale-if-error=600'] });
stored($t, '/three/then');
$up->set('/three/then' => { body => 'new', headers => \@fresh });
is(told(stored($t, '/three/then')), 'EXPIRED stale', 'an entry: fetched anew');
is($t->get('/three/then')->body, 'new', 'and stored');

# a variant is another key than what led to it

is(told($t->get('/three/vary')), 'MISS min_uses', "variant: use $_")
    for 1, 2;
stored($t, '/three/vary');
is(told($t->get('/three/vary')), 'HIT', 'variant: stored');
is(told($t->get('/three/vary', headers => ['X-A' => 1])), 'MISS min_uses',
    'another one is not');

is($t->stats('/stats', 'reason', 'hit_for_miss'), 0, 'no marks');

done_testing();
