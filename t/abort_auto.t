#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# With "query_cache_abort auto" a run goes on without its client if others
# wait for it, in whatever worker, or if half of the body is there; else it is
# ended.  Those who have waited get the answer of that one run.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Collapse;
use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $size = 1_000_000;
my %at = (head => -1, begun => 0, less => $size / 4,
    half => $size * 3 / 4);

my $up = QC::Upstream->start(port => port('up'), routes => { map {
    my $kind = $_;
    map { my $at = $at{$_}; my $gate = "$kind-$_"; ("/$kind/$_" => {
        size => $size, headers => [fresh()],
        $at < 0 ? (gate => $gate) : (at => [[$at, gate => $gate]]),
        $kind eq 'chunked' ? (chunked => 1) : () }) } keys %at
} qw/waits alone chunked left/ });

$t->write_file_expand('nginx.conf', collapsing(<<'EOC', '', ''));
    query_cache_abort auto;
    proxy_http_version 1.1;
EOC

$t->run;

my ($finished, $cancelled) = (0, 0);

sub begin {
    my ($kind, $moment) = @_;

    my $c = one($t, "/$kind/$moment");
    ok($up->wait_at("$kind-$moment"), "$kind, $moment: under way");

    # what the client has is in the capture

    if ($at{$moment} > 0) {
        ok($c->await($at{$moment} - $size / 5),
            "$kind, $moment: so much is there");
    }

    return $c;
}

# others wait

for my $moment (qw/head begun less half/) {
    my $c = begin('waits', $moment);
    my @others = crowd($t, 6, "/waits/$moment");

    $c->reset;
    ok(wait_until(sub {
        $t->error_log(qr/the upstream run goes on/) == $finished + 1
    }), "waits, $moment: it goes on");

    $up->release("waits-$moment");

    my @r = answers(@others);
    is(said(@r), '6 HIT', "waits, $moment: they have its answer");
    is(scalar(grep { $_->body_length == $size } @r), 6,
        "waits, $moment: whole");
    is($up->hits("/waits/$moment"), 1, "waits, $moment: of one run");
    $finished++;
}

# they waited, and have left before

my $c = begin('left', 'head');
my @others = crowd($t, 4, '/left/head');
$_->reset for @others;
ok(wait_until(sub {
    $t->error_log(qr/closed connection while it waited/) == 4
}), 'left: who waited');
$c->reset;
ok($t->wait_stats('/stats', 'abort', 'cancelled', ++$cancelled),
    'left: cancelled');

# nobody waits

for my $kind (qw/alone chunked/) {
    for my $moment (qw/head begun less half/) {
        $c = begin($kind, $moment);
        $c->reset;

        if ($kind eq 'alone' && $moment eq 'half') {
            ok(wait_until(sub {
                $t->error_log(qr/the upstream run goes on/) == $finished + 1
            }), "$kind, $moment: goes on");
            $up->release("$kind-$moment");
            ok($t->wait_stats('/stats', 'abort', 'finished', ++$finished),
                "$kind, $moment: finished");
            next;
        }

        ok($t->wait_stats('/stats', 'abort', 'cancelled', ++$cancelled),
            "$kind, $moment: cancelled");
        ok(wait_until(sub { $up->waiting("$kind-$moment") == 0 }),
            "$kind, $moment: the upstream is told");
    }
}

is($t->get('/alone/half')->header('X-Status'), 'HIT', 'it was stored');

my $stats = $t->stats('/stats', 'abort');

is($stats->{finished}, $finished, 'so many were finished');
is($stats->{cancelled}, $cancelled, 'and so many cancelled');

done_testing();
