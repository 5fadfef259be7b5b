#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# A reload: those who wait in workers that are to leave go upstream, and do
# not keep them; workers of the new configuration know of the fills of old
# ones, and wait for what these store.  QUIT leaves nobody without an answer.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Collapse;
use QC::Nginx;
use QC::Upstream;
use QC::Util qw/alive/;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $up = QC::Upstream->start(port => port('up'), routes => {
    (map { my $name = $_; ("/$name" => sub {
        my ($req, $n) = @_;
        return { body => "answer $n", headers => [fresh()],
            gate => $n == 1 ? $name : "$name-more" };
    }) } qw/reload quit/),
});

$t->write_file_expand('nginx.conf', collapsing('', '',
    'query_cache_lock_timeout 60s;'));
$t->run;

my @old = $t->worker_pids;

my $fill = one($t, '/reload');
ok($up->wait_at('reload'), 'one runs the upstream');
my @others = crowd($t, 10, '/reload');

ok($t->reload, 'a reload');
ok($up->wait_at('reload-more', 10), 'others go upstream');

my @new = crowd($t, 5, '/reload');
is($up->hits('/reload'), 11, 'those in the new workers wait');

$up->release('reload');
is(said(answers($fill, @new)), '5 HIT, 1 MISS', 'they have its answer');

$up->release('reload-more');
is(said(answers(@others)), '10 MISS', 'the others theirs');
ok(wait_until(sub { !grep { alive($_) } @old }), 'the old workers leave');

# QUIT

$fill = one($t, '/quit');
ok($up->wait_at('quit'), 'quit: one runs the upstream');
@others = crowd($t, 10, '/quit');

kill 'QUIT', $t->master_pid;
ok($up->wait_at('quit-more', 10), 'quit: others go upstream');
$up->release($_) for 'quit', 'quit-more';
is(said(answers($fill, @others)), '11 MISS', 'quit: all are answered');
ok($t->quit, 'quit: nginx leaves');

done_testing();
