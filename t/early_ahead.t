#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# With query_cache_refresh_ahead an entry that was hit often enough is fetched
# anew in the background when that part of its lifetime is over: once, and what
# has replaced it begins from zero.  Others are left to expire.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Cost;
use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

# by its Age it is in its last quarter, or not

my @late = ('Cache-Control' => 'max-age=1000', Age => 800);
my @soon = ('Cache-Control' => 'max-age=1000', Age => 100);

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/ahead/late' => sub {
        my ($req, $n) = @_;
        return { body => "answer $n", headers => \@late };
    },
    '/ahead/soon' => { body => 'soon', headers => \@soon },
    '/ahead/304' => [{ body => 'rows', headers => [@late, ETag => '"a"'] },
        { status => 304, headers => [@soon, ETag => '"a"'] }],
    '/ahead/fails' => [{ body => 'rows', headers => \@late },
        { status => 503 }],
    'POST /ahead/post' => sub {
        my ($req, $n) = @_;
        return { body => "answer $n", headers => \@late };
    },
    '/ahead/range' => sub {
        my ($req, $n) = @_;
        return { body => "answer $n", headers => \@late };
    },
    '/off/late' => { body => 'off', headers => \@late },
});

$t->write_file_expand('nginx.conf', costing('/off/' => '',
    '/ahead/' => 'query_cache_refresh_ahead 75% uses=3;'
        . ' query_cache_revalidate on;'));
$t->run;

sub fill { return $t->stats('/stats', 'fill', $_[0]) }

sub both { return join ' ', told($_[0]), $_[0]->body }

stored($t, $_) for qw{/ahead/late /ahead/soon /off/late};

# off, too early, not by HEAD

is(told($t->get('/off/late')), 'HIT', 'off: a hit') for 1 .. 5;
is(told($t->get('/ahead/soon')), 'HIT', 'too early: a hit') for 1 .. 5;
is(told($t->head('/ahead/late')), 'HIT', 'HEAD: a hit') for 1 .. 5;
is(both($t->get('/ahead/late')), 'HIT answer 1', "hit $_") for 1, 2;
is(fill('started'), 0, 'no fill');

is(both(stored($t, '/ahead/late')), 'HIT answer 1', 'hit 3');
is(fill('ahead'), 1, 'begins one');
is(fill('started'), 1, 'which is counted as a fill');

is(both($t->get('/ahead/late')), 'HIT answer 2', "of the new one: hit $_")
    for 1, 2;
is(fill('started'), 1, 'no fill');
is(both(stored($t, '/ahead/late')), 'HIT answer 2', 'of the new one: hit 3');
is(fill('ahead'), 2, 'begins another');

# validated, if it can be

stored($t, '/ahead/304');
is(told($t->get('/ahead/304')), 'HIT', "304: hit $_") for 1 .. 3;
ok($t->wait_stats('/stats', 'request', 'revalidated', 1), '304: validated');
is($up->last('/ahead/304')->{headers}{'if-none-match'}, '"a"',
    '304: under its condition');
cmp_ok(lifetime($t->get('/ahead/304')), '>', 700, '304: lives on');
is($up->hits('/ahead/304'), 2, '304: two of the upstream');

# a failure leaves it as it was, and is not repeated at once

stored($t, '/ahead/fails');
is(told($t->get('/ahead/fails')), 'HIT', "failure: hit $_") for 1 .. 3;
ok($t->wait_stats('/stats', 'fill', 'failed', 1), 'failure: of the fill');
is(told($t->get('/ahead/fails')), 'HIT', "failure: hit $_") for 4 .. 8;
is($up->hits('/ahead/fails'), 2, 'failure: two of the upstream');

# POST; a range

sub of_post {
    my $before = $t->stats('/stats', 'store', 'stored');
    my $r = $t->post('/ahead/post', 'query');
    ok($t->wait_stats('/stats', 'store', 'stored', $before + 1),
        'POST: stored') if $_[0];
    return both($r);
}

of_post(1);
is(of_post(), 'HIT answer 1', 'POST: hit 1');
is(of_post(), 'HIT answer 1', 'POST: hit 2');
is(of_post(1), 'HIT answer 1', 'POST: hit 3');
is(of_post(), 'HIT answer 2', 'POST: the new one');
is($up->last('POST /ahead/post')->{body}, 'query', 'POST: of its body');

stored($t, '/ahead/range');
is($t->get('/ahead/range', headers => [Range => 'bytes=0-2'])->status, 206,
    "a range: hit $_") for 1, 2;
is(stored($t, '/ahead/range', headers => [Range => 'bytes=0-2'])->body, 'ans',
    'a range: hit 3');
is(both($t->get('/ahead/range')), 'HIT answer 2', 'a range: all of it is new');

done_testing();
