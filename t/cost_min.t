#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# With query_cache_min_cost an answer that has cost less is not stored; who
# asks for it does not wait for others then, and looks it up all the same.
# What replaces an entry is stored in any case.

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

sub dear { return (delay => 0.25, headers => ['Cache-Control' => $_[0]]) }

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/a/cheap' => { body => 'cheap', headers => \@fresh },
    '/a/empty' => { status => 204, headers => \@fresh },
    '/a/dear' => { body => 'dear', dear('max-age=600') },
    '/a/said' => { body => 'said', at => [[0, delay => 0.3]], headers =>
        [@fresh, 'X-ClickHouse-Summary' => '{"elapsed_ns":"250000000"}'] },
    '/a/then' => [{ body => 'old', dear('max-age=0, stale-if-error=600') },
        { body => 'new', headers => \@fresh }],
    '/a/update' => [
        { body => 'old', dear('max-age=0, stale-while-revalidate=600') },
        { body => 'new', headers => \@fresh }],
    '/a/varies' => [{ body => 'cheap', headers => \@fresh },
        { body => 'dear', dear('max-age=600') }],
});

$t->write_file_expand('nginx.conf', costing('/a/' =>
    'query_cache_min_cost 200ms; query_cache_lock local;'));
$t->run;

sub reason { return $t->stats('/stats', 'reason', $_[0]) }

is(told($t->get('/a/cheap')), 'MISS absent', 'cheap') for 1 .. 3;
is($up->hits('/a/cheap'), 3, 'cheap: asked each time');
is(reason('min_cost'), 3, 'cheap: counted');
is(reason('hit_for_miss'), 0, 'cheap: and looked up');

$t->get('/a/empty');
is(reason('min_cost'), 4, 'cheap: without a body, too');

stored($t, '/a/dear');
is(told($t->get('/a/dear')), 'HIT', 'dear: stored');

stored($t, '/a/said');
is(told($t->get('/a/said')), 'HIT', 'dear by what it says: stored');

# it was dear once

stored($t, '/a/then');
is(told(stored($t, '/a/then')), 'EXPIRED stale', 'an entry: fetched anew');
is($t->get('/a/then')->body, 'new', 'and stored');

stored($t, '/a/update');
is(told(stored($t, '/a/update')), 'UPDATING', 'by a background fill');
is($t->get('/a/update')->body, 'new', 'stored, too');

is($t->get('/a/varies')->body, 'cheap', 'one that was cheap');
is(told(stored($t, '/a/varies')), 'MISS absent', 'and then was not');
is($t->get('/a/varies')->body, 'dear', 'is stored');
is($up->hits('/a/varies'), 2, 'as it was then');

is(reason('min_cost'), 5, 'all of them counted');

done_testing();
