#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# What another nginx has stored is served at once to all who wait for it, even
# if it is time to fetch it anew.


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
    '/early' => sub {
        my ($req, $n) = @_;
        return { body => "run $n", gate => "early $n",
            headers => ['Cache-Control' => 'max-age=20'] };
    },
    '/update' => sub {
        my ($req, $n) = @_;
        return { body => "run $n", gate => "update $n", headers =>
            ['Cache-Control' => 'max-age=0, stale-while-revalidate=600'] };
    },
});

my ($here, $there) = edges($redis, 'query_cache_early 1000;', '60s',
    redis => 'redis_timeout 1s; fill_concurrency 64;');

for my $name (qw/early update/) {
    my $fill = at($here, "/$name");
    ok($up->wait_at("$name 1"), "$name: one runs the upstream");

    my @others = many($there, 5, "/$name");
    ok(counts($there, 'remote_waited', 1), "$name: others wait");

    $up->release("$name 1");

    my @answers = answers($fill, @others);
    is((grep { $_->status == 200 && $_->body eq 'run 1' } @answers), 6,
        "$name: they are answered") or diag(said(@answers));

    $up->release("$name 2");
}

$_->stop for $here, $there;

done_testing();
