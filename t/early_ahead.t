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
use QC::Util qw/wait_until/;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

# a hundredth of it is over when one can see that it lives

my @late = ('Cache-Control' => 'max-age=100');
my @soon = ('Cache-Control' => 'max-age=1000');

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/ahead/late' => sub {
        my ($req, $n) = @_;
        return { body => "answer $n", headers => \@late };
    },
    '/three/soon' => { body => 'soon', headers => \@soon },
    '/three/aged' => { body => 'aged', headers => [@soon, Age => 800] },
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
    '/three/' => 'query_cache_refresh_ahead 75% uses=3;',
    '/ahead/' => 'query_cache_refresh_ahead 1% uses=3;'
        . ' query_cache_revalidate on;'));
$t->run;

sub fill { return $t->stats('/stats', 'fill', $_[0]) }

sub both { return join ' ', told($_[0]), $_[0]->body }

# Until it is so old; HEAD does not count

sub due {
    my ($uri) = @_;

    ok(wait_until(sub { (lifetime($t->head($uri)) // 100) < 100 }),
        "$uri: is due");
}

stored($t, $_) for qw{/ahead/late /three/soon /three/aged /off/late};
due('/ahead/late');

# off, too early, even if it was old when it came, not by HEAD

is(told($t->get('/off/late')), 'HIT', 'off: a hit') for 1 .. 5;
is(told($t->get('/three/soon')), 'HIT', 'too early: a hit') for 1 .. 5;
is(told($t->get('/three/aged')), 'HIT', 'old: a hit') for 1 .. 5;
is(told($t->head('/ahead/late')), 'HIT', 'HEAD: a hit') for 1 .. 5;
is(both($t->get('/ahead/late')), 'HIT answer 1', "hit $_") for 1, 2;
is(fill('started'), 0, 'no fill');

is(both(stored($t, '/ahead/late')), 'HIT answer 1', 'hit 3');
is(fill('ahead'), 1, 'begins one');
is(fill('started'), 1, 'which is counted as a fill');

due('/ahead/late');
is(both($t->get('/ahead/late')), 'HIT answer 2', "of the new one: hit $_")
    for 1, 2;
is(fill('started'), 1, 'no fill');
is(both(stored($t, '/ahead/late')), 'HIT answer 2', 'of the new one: hit 3');
is(fill('ahead'), 2, 'begins another');

# validated, if it can be

stored($t, '/ahead/304');
due('/ahead/304');
is(told($t->get('/ahead/304')), 'HIT', "304: hit $_") for 1 .. 3;
ok($t->wait_stats('/stats', 'request', 'revalidated', 1), '304: validated');
is($up->last('/ahead/304')->{headers}{'if-none-match'}, '"a"',
    '304: under its condition');
is(told($t->get('/ahead/304')), 'HIT', '304: a hit') for 1 .. 5;
is($up->hits('/ahead/304'), 2, '304: it lives on, two of the upstream');

# a failure leaves it as it was, and is not repeated at once

stored($t, '/ahead/fails');
due('/ahead/fails');
is(told($t->get('/ahead/fails')), 'HIT', "failure: hit $_") for 1 .. 3;
ok($t->wait_stats('/stats', 'fill', 'failed', 1), 'failure: of the fill');
is(told($t->get('/ahead/fails')), 'HIT', "failure: hit $_") for 4 .. 8;
is($up->hits('/ahead/fails'), 2, 'failure: two of the upstream');

# POST; a range

sub of_post { return $t->post('/ahead/post', 'query') }

my $before = $t->stats('/stats', 'store', 'stored');
is(both(of_post()), 'MISS absent answer 1', 'POST: an entry');
ok($t->wait_stats('/stats', 'store', 'stored', $before + 1), 'POST: is stored');
ok(wait_until(sub { both(of_post()) eq 'HIT answer 2' }), 'POST: the new one');
is($up->last('POST /ahead/post')->{body}, 'query', 'POST: of its body');

stored($t, '/ahead/range');
due('/ahead/range');
is($t->get('/ahead/range', headers => [Range => 'bytes=0-2'])->status, 206,
    "a range: hit $_") for 1, 2;
is(stored($t, '/ahead/range', headers => [Range => 'bytes=0-2'])->body, 'ans',
    'a range: hit 3');
is(both($t->get('/ahead/range')), 'HIT answer 2', 'a range: all of it is new');

done_testing();
