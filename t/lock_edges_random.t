#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Two nginx, random requests for a few URIs, clients that leave, failures and
# answers that are not stored, while Redis loses connections, locks, and its
# breath: every answer is right and in time, and no lock stays.


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
use QC::Util qw/slow/;

use constant {
    ROUNDS  => 20,
    CLIENTS => 40,
    URIS    => 6,
};

my $seed = $ENV{QC_SEED} // time;
diag("seed $seed");
srand $seed;

my $redis = redis();
my $s3 = QC::FakeS3->start(port => port('s3'));
my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => sub {
        my ($req, $n) = @_;
        my $what = rand;

        return { status => 500, body => 'own failure' } if $what < 0.1;
        return { reset => -1 } if $what < 0.15;

        return { body => "$req->{path} " . 'x' x 20_000,
            headers => ['Cache-Control' => $what < 0.25 ? 'no-store'
                : 'max-age=' . int rand 2],
            delay => rand 0.2, $what > 0.9 ? (cut => 10_000) : () };
    },
});

my @edges = edges($redis, <<'CONF', '300ms');
query_cache_lock_age 400ms;
            query_cache_hit_for_miss 0;
            proxy_http_version 1.1;
            proxy_next_upstream off;
CONF

my @faults = (
    sub { $redis->cli('CLIENT', 'KILL', 'TYPE', 'pubsub') },
    sub { $redis->cli('CLIENT', 'KILL', 'TYPE', 'normal') },
    sub { my %l = locks($redis); $redis->cli('DEL', keys %l) if %l },
    sub { $redis->cli('FLUSHALL') },
    sub { $redis->cli('CLIENT', 'PAUSE', 100) },
    sub { $edges[rand 2]->reload },
);

my (%wrong, %seen, $slowest, $lasting);

for my $round (1 .. ROUNDS) {
    my @clients;

    for (1 .. CLIENTS) {
        my $uri = '/' . int($round / 3) . '-' . int rand URIS;
        push @clients, [at($edges[rand 2], $uri), "$uri " . 'x' x 20_000];
    }

    $faults[rand @faults]->() if $round % 2;
    $lasting += grep { $_->[1] == -1 } values %{{ locks($redis) }};

    for (@clients) {
        my ($c, $body) = @$_;

        if (rand() < 0.1) {
            $c->reset;
            next;
        }

        my $r = $c->read_response;
        my $status = $r->header('X-Status') // '-';

        $seen{$status}++;
        $slowest = $r->elapsed if $r->elapsed > ($slowest // 0);

        next if $r->status == 200 && !$r->error && $r->body eq $body;
        next if $status =~ /MISS|EXPIRED/ && ($r->status =~ /^50[02]/
            || $r->error eq 'closed' && substr($body, 0, length $r->body) eq
                $r->body);

        $wrong{"$status " . $r->status . ' ' . $r->error}++;
    }
}

is_deeply(\%wrong, {}, 'no answer is wrong, or cut but by the upstream');
cmp_ok($slowest, '<', 10 * slow(), 'nobody waits for long');
is($lasting, 0, 'no lock is without a time to live');
ok($seen{HIT} && $seen{MISS}, 'some collapse') or diag(explain(\%seen));

for my $name (qw/remote_held remote_waited notified/) {
    ok(counted($edges[0], $name) + counted($edges[1], $name),
        "$name: reached");
}

for my $edge ($ENV{QC_VERBOSE} ? @edges : ()) {
    my $said = $edge->stats('/stats', 'lock', undef, port => $edge->{edge});
    diag(join ', ', map { "$_ $said->{$_}" } sort keys %$said);
}

ok(wait_until(sub { !locks($redis) }), 'no lock is left');
ok($_->quit, 'all requests have ended') for @edges;

done_testing();
