#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Of an entry half of the body was read, when S3 failed.  Who has read it waits
# for a new one, and needs no body of that; the others get that one, whole.


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
    '/a' => sub {
        my ($req, $n) = @_;
        return { body => "run $n " x 1000,
            headers => [fresh(), ETag => "\"$n\""],
            $n == 2 ? (gate => 'second') : () };
    },
});

my ($here, $there) = edges($redis, 'query_cache_client_control on;', '60s',
    redis => 'redis_timeout 1s; s3_max_fails 1000; s3_backoff 10ms 20ms;');

is(said(answers(at($here, '/a'))), '1 MISS', 'an entry');
ok(wait_until(sub { said(answers(at($there, '/a'))) eq '1 HIT' }), 'is stored');

my $fill = at($here, '/a', headers => ['Cache-Control', 'no-cache']);
ok($up->wait_at('second'), 'it is fetched anew');

$s3->fault('cut', match => qr/^GET/, times => 2);

my @others = many($there, 1, '/a', headers => ['If-None-Match', '"2"']);
ok(counts($there, 'remote_waited', 1), 'one cannot read it, and waits');
push @others, many($there, 1, '/a');

$up->release('second');

my ($first, @answers) = answers(@others);
is($first->status, 304, 'it needs no body');
is($answers[0]->status, 200, 'another does');
is($answers[0]->header('ETag'), '"2"', 'gets the new entry');
is($answers[0]->body, 'run 2 ' x 1000, 'and its body');

answers($fill);

$_->stop for $here, $there;

done_testing();
