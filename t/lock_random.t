#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Many requests for a few URIs, of an upstream that fails, delays, forbids and
# varies at random, by clients that leave at random, with bounds so short that
# they are reached, few locks, and reloads: whoever stays has one of the whole
# answers there are to his request, or the failure of his own run of the
# upstream; nobody waits for long, and no request or connection is left.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Collapse;
use QC::Nginx;
use QC::Upstream;
use QC::Util qw/slow/;

use constant {
    ROUNDS  => 20,
    CLIENTS => 60,
    URIS    => 8,
};

my $seed = $ENV{QC_SEED} // time;
diag("seed $seed");
srand $seed;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => sub {
        my ($req, $n) = @_;
        my $lang = $req->{headers}{'accept-language'};
        my $body = "$req->{path} $lang " . 'x' x 40_000;
        my @fresh = ('Cache-Control' => 'max-age=' . int rand 2, ETag => '"e"',
            Vary => 'Accept-Language');
        my $what = rand;

        return { status => 500, body => 'own failure' } if $what < 0.1;
        return { reset => -1 } if $what < 0.15;
        return { status => 304, headers => \@fresh }
            if $req->{headers}{'if-none-match'} && $what < 0.5;

        return { body => $body, headers => $what < 0.25
                ? ['Cache-Control' => 'no-store'] : \@fresh,
            delay => rand 0.2, $what > 0.9 ? (cut => 20_000) : () };
    },
});

my ($age, $one, $all) = (100 + int rand 300, 1 + int rand 2, 1 + int rand 4);

$t->write_file_expand('nginx.conf', collapsing('',
    "locks 8; fill_concurrency $all;", <<"CONF"));
query_cache_lock_timeout 80ms;
            query_cache_lock_age ${age}ms;
            query_cache_fill_concurrency $one;
            query_cache_hit_for_miss 0;
            query_cache_stale_if_error 1s;
            proxy_http_version 1.1;
            proxy_next_upstream off;
CONF

$t->run;

my (%wrong, %seen, $slowest);

for my $round (1 .. ROUNDS) {
    my @clients;

    for (1 .. CLIENTS) {
        my $uri = '/' . int($round / 3) . '-' . int rand URIS;
        my $lang = rand() < 0.5 ? 'en' : 'de';
        my $c = one($t, $uri, headers => ['Accept-Language' => $lang]);

        push @clients, [$c, "$uri $lang " . 'x' x 40_000];
    }

    $t->reload if $round % 7 == 0;

    for (@clients) {
        my ($c, $body) = @$_;

        if (rand() < 0.1) {
            $c->reset;
            next;
        }

        my $r = $c->read_response;
        my $status = $r->header('X-Status') // '-';
        my $short = length $r->body < 40_000;

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
cmp_ok($slowest, '<', 5 * slow(), 'nobody waits for long');
ok($seen{HIT} && $seen{MISS}, 'some collapse') or diag(explain(\%seen));

my $said = $t->stats('/stats')->{lock};
ok($said->{$_}, "$_: reached") for qw/waited collapsed held_back unstored/;

diag(join ', ', map { "$_ $said->{$_}" } sort keys %$said)
    if $ENV{QC_VERBOSE};

ok($t->quit, 'all requests have ended');

done_testing();
