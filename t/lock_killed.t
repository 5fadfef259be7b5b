#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# The worker of a fill is killed.  Its lock ends with its lease, after some
# seconds, and of those who wait for it elsewhere one takes it, and the others
# go on waiting.  Locks of workers that live are not touched by that.

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
    '/a' => sub {
        my ($req, $n) = @_;
        return { body => "answer $n", headers => [fresh()],
            gate => $n == 1 ? 'first' : 'later' };
    },
    '/who' => { body => 'x' },
});

my $conf = collapsing('', '',
    'add_header X-Pid $pid always; query_cache_lock_timeout 60s;');

$t->write_file_expand('nginx.conf', $conf);
$t->expect_signal(9);
$t->run;

# connections to either worker, before there is anything to wait for

my (%at, $c);

for (1 .. 200) {
    $c = $t->client(timeout => 20 * slow());
    my $pid = $c->get('/who')->header('X-Pid');
    push @{$at{$pid}}, $c;
    last if keys %at == 2 && !grep { @$_ < 25 } values %at;
}

my ($killed, $lives) = sort keys %at;
is(scalar keys %at, 2, 'two workers');

my ($fill, @beside) = splice @{$at{$killed}}, 0, 3;
my @others = splice @{$at{$lives}}, 0, 24;

$fill->send_request('GET', '/a');
ok($up->wait_at('first'), 'one runs the upstream');

$_->send_request('GET', '/a') for @beside, @others;
ok($t->wait_stats('/stats', 'lock', 'waited', 26), 'others wait, in both');

kill 'KILL', $killed;
ok($t->wait_log(qr/worker process $killed exited on signal 9/), 'killed');

is($_->read_response->error =~ /closed|reset/ ? 1 : 0, 1, 'a client of it')
    for $fill, @beside;

ok($up->wait_at('later', 1, 15), 'another one runs it after a while');
is($t->stats('/stats', 'lock', 'expired'), 1, 'counted');

$up->release('later');
is(said(answers(@others)), '23 HIT, 1 MISS', 'all are answered');
is($up->hits('/a'), 2, 'by two runs of the upstream in all');

done_testing();
