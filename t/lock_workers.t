#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Requests of two workers wait for one fill, longer than
# "query_cache_lock_timeout".  In each worker one of them runs the upstream
# beside it, and what the first of these stores is served to all others, in
# both, while the fill still runs.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Collapse;
use QC::Nginx;
use QC::Upstream;
use QC::Util qw/slow/;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/a' => sub { return { body => "answer $_[1]", headers => [fresh()],
        gate => $_[1] } },
    '/who' => { body => 'x' },
});

$t->write_file_expand('nginx.conf', collapsing('', '',
    'add_header X-Pid $pid always; query_cache_lock_timeout 300ms;'));
$t->run;

# connections to either worker, before there is anything to wait for

my %at;

for (1 .. 200) {
    my $c = $t->client(timeout => 20 * slow());
    push @{$at{$c->get('/who')->header('X-Pid')}}, $c;
    last if keys %at == 2 && !grep { @$_ < 10 } values %at;
}

is(scalar keys %at, 2, 'two workers');

my ($fill, @others) = map { splice @{$at{$_}}, 0, 10 } sort keys %at;

$fill->send_request('GET', '/a');
ok($up->wait_at('1'), 'one runs the upstream');

$_->send_request('GET', '/a') for @others;
ok($t->wait_stats('/stats', 'lock', 'timed_out', 19), 'others wait for long');
ok($up->wait_requests('/a', 3), 'two of them run it');
is($t->stats('/stats', 'lock', 'held_back'), 17, 'others are held back');
is($up->hits('/a'), 3, 'and do not');

$up->release('3');
ok($t->wait_stats('/stats', 'lock', 'collapsed', 17), 'one of the two stores');

$up->release($_) for 1, 2;
my @r = answers($fill, @others);
is(said(@r), '17 HIT, 3 MISS', 'all are answered');
is(bodies(grep { $_->header('X-Status') eq 'HIT' } @r), 'answer 3',
    'by what it said');

my %pids = map { $_->header('X-Pid') => 1 } @r;
is(scalar keys %pids, 2, 'in both workers');
is($up->hits('/a'), 3, 'nobody else has run it');

done_testing();
