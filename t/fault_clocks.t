#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# The clock of one nginx is five minutes fast, that of another one five minutes
# slow: their misses are collapsed, what either has stored is of use to the
# other, and each runs the upstream once for an entry, at most, and not again
# and again.  So it is when the entry was invalidated.


use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Collapse;
use QC::Edges;
use QC::FakeS3;
use QC::Nginx;
use QC::Services qw/redis/;
use QC::Upstream;
use QC::Util qw/need_program run_command temp_dir slow/;

use constant WRONG => 300;      # seconds

need_program('cc');

my $dir = temp_dir('clock');
my $shim = "$dir/clock.so";

spew("$dir/clock.c", <<'C');
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long wrong;

__attribute__((constructor)) static void
init(void)
{
    const char *s = getenv("QC_CLOCK");

    wrong = s ? atol(s) : 0;
}

int
clock_gettime(clockid_t id, struct timespec *ts)
{
    int rc = (int) syscall(SYS_clock_gettime, id, ts);

    if (rc == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) {
        ts->tv_sec += wrong;
    }

    return rc;
}

int
gettimeofday(struct timeval *restrict tv, void *restrict tz)
{
    struct timespec ts;

    clock_gettime(CLOCK_REALTIME, &ts);
    tv->tv_sec = ts.tv_sec;
    tv->tv_usec = ts.tv_nsec / 1000;

    return 0;
}

time_t
time(time_t *t)
{
    struct timespec ts;

    clock_gettime(CLOCK_REALTIME, &ts);

    if (t) {
        *t = ts.tv_sec;
    }

    return ts.tv_sec;
}
C

my $cc = run_command(['cc', '-shared', '-fPIC', '-O', '-o', $shim,
    "$dir/clock.c"]);
is($cc->{exit}, 0, 'clocks that are wrong') or diag($cc->{err});

my %n;
my $redis = redis();
my $s3 = QC::FakeS3->start(port => port('s3'));
my $up = QC::Upstream->start(port => port('up'), routes => {
    '/open/*' => sub {
        my ($req) = @_;
        return { status => 204 } if $req->{method} eq 'PUT';
        return { body => ++$n{$req->{path}}, headers => [
            'Cache-Control' => 'max-age='
                . ($req->{path} =~ /short/ ? 2 : 600)] };
    },
    '/*' => sub {
        my ($req) = @_;
        return { body => 'rows', headers => [fresh()],
            gate => substr $req->{path}, 1 };
    },
});

my ($fast, $slow) = edges($redis, '', '20s', start => sub {
    my ($edge, $n) = @_;

    local $ENV{LD_PRELOAD} = $shim;
    local $ENV{QC_CLOCK} = $n ? -WRONG : WRONG;
    local $ENV{ASAN_OPTIONS} = join ':', 'verify_asan_link_order=0',
        $ENV{ASAN_OPTIONS} // ();

    $edge->run;
});

my %clock = (fast => $fast, slow => $slow);

for my $name (qw/fast slow/) {
    my $date = $clock{$name}->get('/stats', port => $clock{$name}{edge})
        ->header('Date');
    my ($h, $m, $s) = $date =~ /(\d+):(\d+):(\d+) GMT/;
    my $wrong = (($h * 60 + $m) * 60 + $s - time % 86400 + 43200) % 86400
        - 43200;

    cmp_ok(abs($wrong - ($name eq 'fast' ? WRONG : -WRONG)), '<', 60,
        "$name: so it is");
}

# a fill of either, which others wait for

for (['fast', 'slow'], ['slow', 'fast']) {
    my ($name, $other) = @$_;
    my ($here, $there) = @clock{$name, $other};

    my $waited = counted($there, 'remote_waited');
    my $fill = at($here, "/$name");
    ok($up->wait_at($name), "$name: one runs the upstream");
    my @others = map { many($_, 4, "/$name") } $here, $there;
    ok(counts($there, 'remote_waited', $waited + 1), "$name: others wait");
    $up->release($name);

    my @r = answers($fill, @others);
    my ($misses) = said(@r) =~ /^\d HIT, (\d) (?:MISS|EXPIRED)/;
    is(bodies(@r), 'rows', "$name: answered");
    cmp_ok($up->hits("/$name"), '<=', 2, "$name: each asks once, at most")
        or diag(said(@r));
    cmp_ok((sort { $b <=> $a } map { $_->elapsed } @r)[0], '<', 10 * slow(),
        "$name: nobody waits for long");
    ok(wait_until(sub { !locks($redis) }), "$name: no lock is left");
}

# one after another

sub ask {
    my ($edge, $uri) = @_;

    return $edge->get($uri, port => $edge->{edge});
}

sub settled {
    my ($uri, $name) = @_;

    my @turns = map { ($fast, $slow) } 1 .. 10;
    my $stored = sub { counted($fast, 'stored', 'store')
        + counted($slow, 'stored', 'store')
        + counted($fast, 'superseded', 'store')
        + counted($slow, 'superseded', 'store') };

    my $begun = $up->count("GET $uri");

    for my $edge (@turns) {
        my $before = $stored->();
        my $r = ask($edge, $uri);
        next if $r->header('X-Status') eq 'HIT';
        wait_until(sub { $stored->() > $before });
    }

    cmp_ok($up->count("GET $uri") - $begun, '<=', 2,
        "$name: each asks once, at most");
    is(ask($fast, $uri)->body, ask($slow, $uri)->body,
        "$name: both have the same");
}

settled('/open/long', 'long');
settled('/open/short', 'short');

# invalidated; and asked for where the clock is slow alone

for my $putter (qw/fast slow/) {
    my $uri = "/open/put_$putter";
    my $name = "invalidated by $putter";

    ask($fast, $uri);
    ok(wait_until(sub { ask($fast, $uri)->header('X-Status') eq 'HIT' }),
        "$name: an entry of the fast one");
    is($clock{$putter}->request('PUT', $uri, body => 'x',
        port => $clock{$putter}{edge})->status, 204, "$name: invalid now");
    settled($uri, $name);

    ask($fast, "$uri/alone");
    ok(wait_until(sub {
        ask($fast, "$uri/alone")->header('X-Status') eq 'HIT' }),
        "$name: another one");
    $clock{$putter}->request('PUT', "$uri/alone", body => 'x',
        port => $clock{$putter}{edge});

    ask($slow, "$uri/alone");
    ok(wait_until(sub {
        ask($slow, "$uri/alone")->header('X-Status') eq 'HIT' }, 3),
        "$name: the slow one replaces it");
}

ok($_->quit, 'all requests have ended') for $fast, $slow;

done_testing();
