#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# With query_cache_lock on, of two nginx that serve a stale entry one fetches
# it anew; the other goes on serving it, and finds the new one.


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
use QC::Util qw/wait_until/;

my $redis = redis();
my $s3 = QC::FakeS3->start(port => port('s3'));
my $up = QC::Upstream->start(port => port('up'), routes => {
    '/a' => sub {
        my ($req, $n) = @_;
        return { body => "answer $n", $n > 1 ? (gate => 'a') : (),
            headers => ['Cache-Control' => $n > 1 ? 'max-age=600'
                : 'max-age=1, stale-while-revalidate=600'] };
    },
});

my ($here, $there) = edges($redis);


sub status {
    my ($edge) = @_;

    my $r = $edge->get('/a', port => $edge->{edge});

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

$_->stop for $here, $there;

done_testing();
