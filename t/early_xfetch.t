#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# With query_cache_early some hit of an entry begins a background fill before
# the entry is too old, by what it has cost: all are hits still, and the
# upstream is asked once.  What has cost nothing waits for its end.

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
    '/early/dear' => [{ delay => 0.6, body => 'old', headers => \@fresh },
        { gate => 'dear', body => 'new', headers => \@fresh }],
    '/early/head' => { delay => 0.6, body => 'rows', headers => \@fresh },
    '/off/dear' => { delay => 0.6, body => 'rows', headers => \@fresh },
    '/low/dear' => { delay => 0.6, body => 'rows', headers => \@fresh },
});

$t->write_file_expand('nginx.conf', costing('/off/' => '',
    '/early/' => 'query_cache_early 1000;',
    '/low/' => 'query_cache_early 0.001;'));
$t->run;

sub fill { return $t->stats('/stats', 'fill', $_[0]) }

# 600 s are left of each, and cost times beta is 600 s: each hit has a chance
# of 1 in e, with 0.001 one of 1 in e to the power of 1,000,000

stored($t, $_) for qw{/early/dear /early/head /off/dear /low/dear};

ok((grep { $_ eq 'HIT' } map { told($t->get($_)) }
    ('/off/dear', '/low/dear') x 100) == 200, 'off, or low: hits');
is(told($t->head('/early/head')), 'HIT', 'HEAD: a hit') for 1 .. 100;
is(fill('started'), 0, 'no fill');

my $n = 0;
my $hits = 0;

while (!fill('early') && $n++ < 200) {
    my $r = $t->get('/early/dear');
    $hits++ if told($r) eq 'HIT' && $r->body eq 'old';
}

is(fill('early'), 1, "a fill is begun by one of $n hits");
is($hits, $n, 'all of them hits');
ok($up->wait_at('dear'), 'the upstream is asked');

is((grep { told($_) eq 'HIT' && $_->body eq 'old' }
    map { $t->get('/early/dear') } 1 .. 50), 50, 'meanwhile: hits');
is(fill('started'), 1, 'no other fill');

$up->release('dear');
ok($t->wait_stats('/stats', 'store', 'stored', 5), 'it is stored');
ok(wait_until(sub { $t->get('/early/dear')->body eq 'new' }), 'the new one');
is($up->hits('/early/dear'), 2, 'two of the upstream');

# that one has cost more, in a way, since it was held: no more of it

done_testing();
