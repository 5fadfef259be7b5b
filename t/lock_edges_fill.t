#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# With query_cache_lock on, of two nginx that serve a stale entry one fetches
# it anew; the other goes on serving it, and finds the new one.  There, too, who
# may not have the stale one waits for it.


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
use QC::Util qw/wait_until/;

my $redis = redis();
my $s3 = QC::FakeS3->start(port => port('s3'));
my $up = QC::Upstream->start(port => port('up'), routes => {
    map { my $name = $_; ("/$name" => sub {
        my ($req, $n) = @_;
        return { body => "answer $n", $n > 1 ? (gate => $name) : (),
            headers => ['Cache-Control' => $n > 1 ? 'max-age=600'
                : 'max-age=1, stale-while-revalidate=600'] };
    }) } qw/a b/
});

my ($here, $there) = edges($redis, 'query_cache_client_control on;');


sub status {
    my ($edge, $uri) = @_;

    my $r = $edge->get($uri // '/a', port => $edge->{edge});

    return join ' ', $r->header('X-Status'), $r->{body};
}


is(status($here), 'MISS answer 1', 'an entry');
ok(wait_until(sub { status($here) =~ /^UPDATING/ }), 'it is stale');
ok($up->wait_at('a'), 'one fetches it');

is(status($there), 'UPDATING answer 1', 'the other serves it, too');
ok(wait_until(sub { status($there) && counted($there, 'started', 'fill') }),
    'and would fetch it');
is($up->hits('/a'), 2, 'the upstream ran once for both');

$up->release('a');

ok(wait_until(sub { status($there) eq 'HIT answer 2' }), 'it finds the new');
is($up->hits('/a'), 2, 'for which nobody else has asked');
is(counted($there, 'failed', 'fill'), 0, 'and that is no failure');

# there is a fill that has asked for the lock, and has no answer yet

is(status($here, '/b'), 'MISS answer 1', 'another');
ok(wait_until(sub { status($here, '/b') =~ /^UPDATING/ }), 'it is stale');
ok($up->wait_at('b'), 'one fetches it');

my $fills = counted($there, 'started', 'fill');

$redis->pause;

my $stale = at($there, '/b');
counted($there, 'started', 'fill');
my @fresh = map { at($there, '/b', headers => ['Cache-Control', 'max-age=1']) }
    1 .. 3;
counted($there, 'started', 'fill');

$redis->resume;

is($stale->read_response->header('X-Status'), 'UPDATING', 'it is served');
is(counted($there, 'started', 'fill'), $fills + 1, 'the other would fetch it');
ok(counts($there, 'remote_waited', 1), 'those who want a fresh one wait');
is($up->hits('/b'), 2, 'and leave it to the one that fetches it');

$up->release('b');

is(said(answers(@fresh)), '3 HIT', 'they have it');
is($up->hits('/b'), 2, 'without asking for it');

$_->stop for $here, $there;

done_testing();
