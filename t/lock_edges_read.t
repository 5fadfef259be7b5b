#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Of those who wait for what another nginx stores one in each worker reads the
# body from S3, for all; unless that is too big to be held, or cannot be read.


use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Body;
use QC::Collapse;
use QC::Edges;
use QC::FakeS3;
use QC::Nginx;
use QC::Services qw/redis/;
use QC::Upstream;

use constant N => 12;

my %size = (small => 1000, empty => 0, big => 300_000, gone => 1000);

my $redis = redis();
my $s3 = QC::FakeS3->start(port => port('s3'));
my $up = QC::Upstream->start(port => port('up'), routes => {
    map { my $name = $_; ("/$name" => sub {
        my ($req, $n) = @_;
        return { size => $size{$name}, $n == 1 ? (gate => $name) : (),
            headers => [fresh(), ETag => '"e"'] };
    }) } keys %size
});

my ($here, $there) = edges($redis, 'add_header X-Tier $query_cache_tier;',
    '60s', workers => 2,
    redis => 'redis_timeout 1s; hold 64k;');


# Who waits there, and what they got: status, body, and how often S3 was asked.

sub check {
    my ($name, $expected, $get, @more) = @_;

    my $fill = at($here, "/$name");
    ok($up->wait_at($name), "$name: one runs the upstream");

    my @others = many($there, N, "/$name");
    push @others, many($there, 1, "/$name", @more) if @more;
    ok(counts($there, 'remote_waited', 1), "$name: others wait");

    my $before = counted($there, 'get', 's3');

    $up->release($name);

    my @answers = answers($fill, @others);
    my $wrong = grep { $_->{status} == 200
        && $_->body ne QC::Body->new(size => $size{$name})->bytes } @answers;

    is($wrong, 0, "$name: the right bytes");
    is(join(' ', map { $_->{status} } grep { $_->{status} != 200 } @answers),
        $expected, "$name: status");

    my $n = counted($there, 'get', 's3') - $before;
    ok($get->($n), "$name: S3 is asked for the body") or diag($n);

    return @answers;
}


my @answers = check('small', '304', sub { $_[0] >= 1 && $_[0] <= 2 },
    headers => ['If-None-Match', '"e"']);
is((grep { ($_->header('X-Tier') // '') eq 's3' } @answers), N + 1,
    'small: which is s3');
like($answers[-2]->header('Cache-Status'), qr/collapsed/, 'small: collapsed');

check('empty', '', sub { $_[0] >= 1 && $_[0] <= 2 });
check('big', '', sub { $_[0] == N });

# who reads it fails, and goes upstream: others read it themselves

$s3->fault('status', status => 500, match => qr/^GET/, times => 2);
check('gone', '', sub { $_[0] > 2 });
ok($up->hits('/gone') <= 3, 'gone: few go upstream');

$_->stop for $here, $there;

done_testing();
