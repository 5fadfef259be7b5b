#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# The client of a fill leaves, while others wait in its nginx and in another
# one: one of them all runs the upstream.  When the client leaves that waits for
# the other nginx, for itself and for those behind it, nobody does.


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

my $redis = redis();
my $s3 = QC::FakeS3->start(port => port('s3'));
my $up = QC::Upstream->start(port => port('up'), routes => {
    map { my $name = $_; ("/$name" => sub {
        my ($req, $n) = @_;
        my $gate = $n == 1 ? $name : "$name-more";
        return { size => 400_000, headers => [fresh()],
            $name eq 'body' ? (at => [[200_000, gate => $gate]])
                : (gate => $gate) };
    }) } qw/head body waits/,
});

my ($here, $there) = edges($redis);

# that of the fill: before the header, and amid the body

for my $name (qw/head body/) {
    my $waited = counted($there, 'remote_waited');
    my $fill = at($here, "/$name");
    ok($up->wait_at($name), "$name: one runs the upstream");

    my @others = map { many($_, 4, "/$name") } $here, $there;
    ok(counts($there, 'remote_waited', $waited + 1), "$name: others wait");

    $fill->reset;
    ok($up->wait_at("$name-more"), "$name: it leaves: another one runs it");

    $up->release($_) for $name, "$name-more";
    my @r = answers(@others);
    is(said(@r), '7 HIT, 1 MISS', "$name: answered");
    is(scalar(grep { $_->body_length == 400_000 } @r), 8, "$name: whole");
    is($up->hits("/$name"), 2, "$name: by one run more, of both nginx");
}

# that of who waits for the other nginx

my $fill = at($here, '/waits');
ok($up->wait_at('waits'), 'waits: one runs the upstream');

my $waited = counted($there, 'remote_waited');
my $first = at($there, '/waits');
ok(counts($there, 'remote_waited', $waited + 1), 'waits: another one waits');
my @others = many($there, 4, '/waits');

$first->reset;
ok(counts($there, 'remote_waited', $waited + 2),
    'waits: it leaves: who was behind it does');
$up->release('waits');
is(said(answers($fill, @others)), '4 HIT, 1 MISS', 'waits: answered');
is($up->hits('/waits'), 1, 'waits: the upstream was asked once');

ok(wait_until(sub { !locks($redis) }), 'no lock is left');

done_testing();
