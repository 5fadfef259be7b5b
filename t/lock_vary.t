#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Answers that vary collapse by what they vary by, although nothing is known
# of that before the first one: who has waited for another variant waits once
# more, for his own.  The same of No-Vary-Search, whose entries have another
# key than was asked for.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Collapse;
use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/vary' => sub {
        my $lang = $_[0]{headers}{'accept-language'};
        return { body => "in $lang", gate => $lang,
            headers => [fresh(), Vary => 'Accept-Language'] };
    },
    '/late' => sub {
        my $lang = $_[0]{headers}{'accept-language'};
        return { body => "in $lang", gate => "late-$lang",
            headers => [fresh(), Vary => 'Accept-Language'] };
    },
    '/star' => sub {
        return { body => 'rows', headers => [fresh(), Vary => '*'],
            gate => $_[1] == 1 ? 'star' : 'star-more' };
    },
    '/search' => { body => 'rows', gate => 'search', headers => [fresh(),
        'No-Vary-Search' => 'params=("utm")'] },
});

$t->write_file_expand('nginx.conf', collapsing('', '',
    'query_cache_no_vary_search on;'));
$t->run;

sub speaks { return (headers => ['Accept-Language' => $_[0]]) }

# cold: all wait for the first one, and then for the first of their variant

my $fill = one($t, '/vary', speaks('en'));
ok($up->wait_at('en'), 'one runs the upstream');

my @en = crowd($t, 4, '/vary', speaks('en'));
my @de = crowd($t, 4, '/vary', speaks('de'));
my @fr = crowd($t, 4, '/vary', speaks('fr'));

$up->release('en');

my @r = answers($fill, @en);
is(said(@r), '4 HIT, 1 MISS', 'who wants the same has it');
is(bodies(@r), 'in en', 'as it is');

ok($up->wait_at('de') && $up->wait_at('fr'), 'one of each other variant runs');
$up->release('de');
$up->release('fr');

@r = answers(@de);
is(said(@r) . ': ' . bodies(@r), '3 HIT, 1 MISS: in de', 'one variant');
@r = answers(@fr);
is(said(@r) . ': ' . bodies(@r), '3 HIT, 1 MISS: in fr', 'another');
is($up->hits('/vary'), 3, 'the upstream was asked once for each');

# another variant later: nobody waits for one that is not his

$fill = one($t, '/late', speaks('en'));
ok($up->wait_at('late-en'), 'late: the first one');
$up->release('late-en');
answers($fill);
ok(wait_until(sub { $t->get('/late', speaks('en'))->header('X-Status')
    eq 'HIT' }), 'late: it is stored');

$fill = one($t, '/late', speaks('de'));
ok($up->wait_at('late-de'), 'late: another variant');
@de = crowd($t, 3, '/late', speaks('de'));
@fr = one($t, '/late', speaks('fr'));
ok($up->wait_at('late-fr'), 'late: a third one does not wait');
is($t->get('/late', speaks('en'))->body, 'in en', 'late: nor does the first');
$up->release("late-$_") for qw/fr de/;
@r = answers($fill, @de, @fr);
is(said(@r), '3 HIT, 2 MISS', 'late: answered');
like($r[1]->header('Cache-Status'), qr/; fwd=vary-miss; collapsed/,
    'late: collapsed');

# that varies by anything

$fill = one($t, '/star');
ok($up->wait_at('star'), 'star: one runs the upstream');
my @others = crowd($t, 3, '/star');
$up->release('star');
ok($up->wait_at('star-more', 3), 'star: all others do, too');
$up->release('star-more');
is(said(answers($fill, @others)), '4 MISS', 'star: answered');

# the rule is known with the answer only

$fill = one($t, '/search?a=1&utm=x');
ok($up->wait_at('search'), 'search: one runs the upstream');
@others = crowd($t, 3, '/search?a=1&utm=x');
$up->release('search');
is(said(answers($fill, @others)), '3 HIT, 1 MISS', 'search: answered');

done_testing();
