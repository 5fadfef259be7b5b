#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# At random, and of everything at once: two nginx with locks in Redis, answers
# that vary, are validated, redirect, fail, are fetched early or in the
# background; clients that refuse what is there, want parts, or leave; Redis
# and nginx that begin anew.  Nobody has a wrong answer, or waits for long, and
# nothing is left behind.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Edges;
use QC::FakeS3;
use QC::Nginx;
use QC::Services qw/redis/;
use QC::Upstream;
use QC::Util qw/slow wait_until/;

use constant {
    ROUNDS  => 15,
    CLIENTS => 40,
    URIS    => 5,
};

my $seed = $ENV{QC_SEED} // time;
diag("seed $seed");
srand $seed;

sub one_of { return $_[rand @_] }

my $redis = redis();
my $s3 = QC::FakeS3->start(port => port('s3'));
my $up = QC::Upstream->start(port => port('up'), routes => {
    '/page' => { body => 'page' },
    '/*' => sub {
        my ($req, $n) = @_;
        my $what = rand;
        my $path = $req->{path} =~ s/\?.*//r;
        my $tag = "\"$path\"";
        my @headers = (ETag => $tag);

        return { status => 500, body => 'own failure' } if $what < 0.1;
        return { reset => -1 } if $what < 0.13;

        return { status => 304, delay => rand 0.1,
            headers => [ETag => rand() < 0.2 ? '"x"' : $tag] }
            if ($req->{headers}{'if-none-match'} // '') eq $tag
                && $what < 0.7;

        return { headers => ['X-Accel-Redirect' => "/other$path"] }
            if $what < 0.18 && $path !~ /other/;
        return { status => 404, delay => rand 0.1 } if $what < 0.22;

        push @headers, Vary => 'X-V' if $path =~ /[13]$/ && rand() < 0.9;
        push @headers, 'No-Vary-Search' => 'params=("n")' if $path =~ /[24]$/;
        push @headers, 'Cache-Control' => $what < 0.3 ? 'no-store'
            : 'max-age=' . int(rand 3)
                . one_of('', ', stale-while-revalidate=2')
                . one_of('', ', stale-if-error=5')
            if rand() < 0.7;

        return { body => "$path " . 'x' x 20_000, headers => \@headers,
            delay => rand 0.2, $what > 0.9 ? (cut => 10_000) : () };
    },
});

my @edges = edges($redis, <<'CONF', '300ms', workers => 2);
query_cache_lock_age 400ms;
            query_cache_hit_for_miss 1;
            query_cache_revalidate on;
            query_cache_client_control on;
            query_cache_no_vary_search on;
            query_cache_valid auto factor=1;
            query_cache_early 2;
            query_cache_refresh_ahead 50% uses=1;
            query_cache_min_cost 5ms;
            query_cache_abort auto;
            query_cache_stale_if_slow 30ms;
            query_cache_fail_backoff 1s max=2s;
            add_header X-Cost $query_cache_cost always;
            proxy_intercept_errors on;
            error_page 404 /page;
            proxy_http_version 1.1;
            proxy_next_upstream off;
CONF

my @faults = (
    sub { $redis->cli('CLIENT', 'KILL', 'TYPE', one_of('pubsub', 'normal')) },
    sub { my %l = locks($redis); $redis->cli('DEL', keys %l) if %l },
    sub { $redis->cli('FLUSHALL') },
    sub { $redis->cli('CLIENT', 'PAUSE', 100) },
    sub { $edges[rand 2]->reload },
);

my (%wrong, %seen);
my ($slowest, $lasting) = (0, 0);


sub begin {
    my ($round) = @_;

    my $path = '/' . int($round / 5) . '-' . int rand URIS;
    my $method = rand() < 0.1 ? 'HEAD' : 'GET';
    my @headers = ('X-V' => int rand 2);

    push @headers, 'Cache-Control' => one_of(qw/no-cache max-age=0 max-stale
        min-fresh=1 only-if-cached no-store/) if rand() < 0.2;
    push @headers, 'If-None-Match' => "\"$path\"" if rand() < 0.1;
    push @headers, Range => 'bytes=0-9' if rand() < 0.1;

    my $c = at($edges[rand 2], $path . one_of('', '?n=' . int rand 3),
        method => $method, headers => \@headers);

    return [$c, "$path " . 'x' x 20_000, $method];
}


sub end {
    my ($c, $body, $method) = @_;

    my $r = $c->read_response(method => $method);
    my $status = $r->header('X-Status') // '-';

    $seen{$status}++;
    $slowest = $r->elapsed if $r->elapsed > $slowest;

    return if $r->status == 200 && !$r->error
        && $r->body =~ s{^/other}{}r eq ($method eq 'HEAD' ? '' : $body);
    return if $r->status =~ /^(?:206|304|404|504)$/;
    return if $status =~ /MISS|EXPIRED|BYPASS/
        && ($r->status =~ /^50[023]$/ || $r->error eq 'closed'
            || $method eq 'HEAD');

    $wrong{"$method $status " . $r->status . ' ' . $r->error}++;
}


for my $round (1 .. ROUNDS) {
    my @clients = map { begin($round) } 1 .. CLIENTS;

    $faults[rand @faults]->() if $round % 2;
    $lasting += grep { $_->[1] == -1 } values %{{ locks($redis) }};

    for (@clients) {
        rand() < 0.1 ? $_->[0]->reset : end(@$_);
    }
}

is_deeply(\%wrong, {}, 'no answer is wrong, or cut but by the upstream')
    or diag(explain(\%wrong));
cmp_ok($slowest, '<', 10 * slow(), 'nobody waits for long');
is($lasting, 0, 'no lock is without a time to live');
ok($seen{$_}, "some are $_") for qw/HIT MISS EXPIRED REVALIDATED UPDATING/;

ok(wait_until(sub { !locks($redis) }), 'no lock is left');
ok($_->quit, 'all requests have ended') for @edges;

done_testing();
