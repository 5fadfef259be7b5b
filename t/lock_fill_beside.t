#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# While a client's request fetches an entry for others, too, no background fill
# does, be the entry stale or about to be: who may have it is served.  When
# that request has ended without an answer, the next one begins a fill.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Collapse;
use QC::Nginx;
use QC::Upstream;
use QC::Util qw/wait_until/;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my %lives = (
    stale => 'max-age=0, stale-while-revalidate=600',
    late => 'max-age=100',
);

my $up = QC::Upstream->start(port => port('up'), routes => {
    map { my $name = $_; ("/$name" => sub {
        my ($req, $n) = @_;
        my @answer = (body => "answer $n");
        push @answer, gate => "$name-$n" if $n > 1;
        push @answer, $n == 2 ? (status => 500)
            : (headers => ['Cache-Control' => $lives{$name}]);
        return { @answer };
    }) } keys %lives
});

$t->write_file_expand('nginx.conf', collapsing('', 'fill_concurrency 4;',
    'query_cache_client_control on; query_cache_refresh_ahead 1% uses=1;'));
$t->run;

my @now = (headers => ['Cache-Control', 'no-cache']);
my $fills = 0;

sub fills { return $t->stats('/stats', 'fill', 'started') }

for (['late', 'HIT'], ['stale', 'UPDATING']) {
    my ($name, $status) = @$_;
    my $stored = $t->stats('/stats', 'store', 'stored');

    is($t->get("/$name")->body, 'answer 1', "$name: an entry");
    ok($t->wait_stats('/stats', 'store', 'stored', $stored + 1),
        "$name: is stored");

    # HEAD begins no fill

    ok(wait_until(sub { $t->head("/$name")->header('Age') >= 2 }),
        "$name: is not new");

    my $c = one($t, "/$name", @now);
    ok($up->wait_at("$name-2"), "$name: a client has it fetched anew");

    for (1 .. 5) {
        is(said($t->get("/$name")), "1 $status", "$name: others are served");
    }

    is(fills(), $fills, "$name: no fill is begun");

    $up->release("$name-2");
    is($c->read_response->status, 500, "$name: the upstream fails");

    ok(wait_until(sub {
        is(said($t->get("/$name")), "1 $status", "$name: others are served");
        return fills() > $fills;
    }), "$name: now one is begun");

    $fills++;
    ok($up->wait_at("$name-3"), "$name: which asks the upstream");
    is($up->hits("/$name"), 3, "$name: for the third time");
    $up->release("$name-3");
}

done_testing();
