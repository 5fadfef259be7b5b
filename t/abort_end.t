#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# A run that goes on without its client ends as soon as there is nothing to
# store: by what its header says, when the body is too big or not sound; when
# the upstream fails; and after query_cache_lock_age since it began.  Who
# waits is released then.  Nothing stays open.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Collapse;
use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my %body = (size => 2_000_000, headers => [fresh()]);

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/no-store' => { %body, gate => 'no-store', drip => [1000, 0.1],
        headers => ['Cache-Control' => 'no-store'] },
    '/length' => { %body, gate => 'length', drip => [1000, 0.1],
        size => 9_000_000 },
    '/big' => { %body, chunked => 1, size => 9_000_000,
        at => [[100_000, gate => 'big'], [5_000_000, gate => 'never']] },
    '/gone' => { %body, at => [[100_000, gate => 'gone'],
        [200_000, 'reset']] },
    '/cut' => { %body, at => [[100_000, gate => 'cut']], cut => 200_000 },
    '/reset' => { gate => 'reset', reset => -1 },
    '/accel' => { gate => 'accel', headers =>
        ['X-Accel-Redirect' => '/target'] },
    '/target' => { %body },
    '/error' => { gate => 'error', status => 500, body => 'error' },
    '/slow/head' => { gate => 'slow', %body },
    '/slow/body' => { at => [[100_000, gate => 'slow']], %body },
    '/slow/drip' => { at => [[0, gate => 'drip']], %body,
        drip => [100, 0.05] },
});

my $conf = collapsing(<<'EOC', '', 'query_cache_max_size 4m;');
    query_cache_abort finish;
    proxy_http_version 1.1;
EOC

$conf =~ s{(?=        location = /stats)}{
        location /slow/ {
            query_cache z;
            query_cache_lock_age 1s;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

} or die;

$t->write_file_expand('nginx.conf', $conf);
$t->run;
$t->get('/stats');

my @workers = $t->worker_pids;
my %files = map { $_ => $t->open_files($_) } @workers;
my ($on, $cancelled) = (0, 0);

sub leave {
    my ($uri, $gate, $bytes) = @_;

    my $c = one($t, $uri);
    ok($up->wait_at($gate), "$uri: under way");
    ok($c->await($bytes), "$uri: so much is there") if $bytes;
    $c->reset;
    $on++;

    ok(wait_until(sub {
        $t->error_log(qr/the upstream run goes on/) == $on
    }), "$uri: goes on");
}

# nothing to store: the upstream is let go of, far from its end

for my $name (qw/no-store length big/) {
    leave("/$name", $name, $name eq 'big' ? 60_000 : 0);
    $up->release($name);
    ok($t->wait_stats('/stats', 'abort', 'cancelled', ++$cancelled),
        "$name: ended");
    ok(wait_until(sub { $up->last("/$name")->{outcome} eq 'closed' }),
        "$name: the upstream is told");
}

# ended by the upstream: not a matter of the client

for my $name (qw/gone cut reset/) {
    leave("/$name", $name, $name =~ /gone|cut/ ? 60_000 : 0);
    $up->release($name);
    ok(wait_until(sub {
        $t->access_log(qr{"GET /$name }) == 1
    }), "$name: ended");
    is($t->stats('/stats', 'abort', 'cancelled'), $cancelled, "$name: by itself");
}

leave('/error', 'error');
$up->release('error');
ok($t->wait_stats('/stats', 'abort', 'cancelled', ++$cancelled),
    'error: there is an answer, but none to store');

# an answer that is to be found elsewhere: there it goes on, too

leave('/accel', 'accel');
$up->release('accel');
$on++;
ok($t->wait_stats('/stats', 'store', 'stored', 1), 'accel: stored');
is($t->stats('/stats', 'abort', 'finished'), 1, 'accel: finished');
is($up->hits('/target'), 1, 'accel: by one run');

# the bound

for my $name (qw/head body drip/) {
    my $gate = $name eq 'drip' ? 'drip' : 'slow';

    leave("/slow/$name", $gate, $name eq 'body' ? 60_000 : 0);
    $up->release($gate) if $name eq 'drip';
    ok($t->wait_stats('/stats', 'abort', 'cancelled', ++$cancelled),
        "slow, $name: ended");
    ok(wait_until(sub { $up->last("/slow/$name")->{outcome} eq 'closed' }),
        "slow, $name: the upstream is told");
}

my $stats = $t->stats('/stats');

is($stats->{abort}{expired}, 3, 'three after a time');
is($stats->{abort}{cancelled}, $cancelled, 'as many were cancelled');
is($stats->{abort}{finished}, 1, 'one was finished');
is($stats->{store}{stored}, 1, 'and stored');

# who waits for such a run

my $c = one($t, '/slow/head?wait');
ok($up->wait_requests('/slow/head', 2), 'one under way');
my @others = crowd($t, 3, '/slow/head?wait');
$c->reset;
ok($up->wait_requests('/slow/head', 3), 'it is ended: another takes its place');
$up->release('slow');
is(scalar(grep { $_->body_length == 2_000_000 } answers(@others)), 3,
    'and all have their answers');
$_->close for @others;

for my $pid (@workers) {
    ok(wait_until(sub { $t->open_files($pid) <= $files{$pid} }),
        'nothing stays open');
}

done_testing();
