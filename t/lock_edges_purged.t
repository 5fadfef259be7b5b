#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# An entry is invalidated while it is fetched, and while others wait for it in
# two nginx: nobody who came later gets the answer of before, and all who wait
# have the next one by one run of the upstream, which is the entry from then on.


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
    map { my $name = $_; ("PUT /$name" => { status => 204 }, "/$name" => sub {
        my ($req, $n) = @_;
        return { body => $n == 1 ? 'old' : 'new', headers => [fresh()],
            gate => "$name-" . ($n == 1 ? 'old' : 'new') };
    }) } qw/here there alone/,
});

my ($here, $there) = edges($redis);

for my $name (qw/here there/) {
    my $waited = counted($there, 'remote_waited');
    my $fill = at($here, "/$name");
    ok($up->wait_at("$name-old"), "$name: one runs the upstream");

    my @before = map { many($_, 4, "/$name") } $here, $there;
    ok(counts($there, 'remote_waited', $waited + 1), "$name: others wait");

    my $put = at($name eq 'here' ? $here : $there, "/$name",
        method => 'PUT', body => 'x');
    is($put->read_response->status, 204, "$name: it is invalidated there");

    my @after = map { many($_, 4, "/$name") } $here, $there;

    $up->release("$name-old");
    is(bodies(answers($fill)), 'old', "$name: the first is answered");
    ok($up->wait_at("$name-new"), "$name: another one runs the upstream");
    $up->release("$name-new");

    my @r = answers(@after);
    is(bodies(@r), 'new', "$name: who came later has a new answer");
    push @r, answers(@before);
    is(said(@r), '15 HIT, 1 MISS', "$name: all are answered");
    is($up->count("GET /$name"), 2, "$name: by one run more, of both nginx");

    is(bodies(answers(map { at($_, "/$name") } $here, $there)), 'new',
        "$name: the new one stays");
}

# of one nginx, too: who came before has the answer of then

my $fill = at($here, '/alone');
ok($up->wait_at('alone-old'), 'alone: one runs the upstream');
my @before = many($here, 4, '/alone');
at($here, '/alone', method => 'PUT', body => 'x')->read_response;
my @after = many($here, 4, '/alone');
$up->release('alone-old');
my @r = answers(@before);
is(said(@r) . ' ' . bodies(@r), '4 HIT old', 'alone: who came before');
ok($up->wait_at('alone-new'), 'alone: another one runs the upstream');
$up->release('alone-new');
@r = answers(@after);
is(said(@r) . ' ' . bodies(@r), '3 HIT, 1 MISS new', 'alone: who came later');
is($up->count('GET /alone'), 2, 'alone: by two runs');

ok(wait_until(sub { !locks($redis) }), 'no lock is left');

done_testing();
