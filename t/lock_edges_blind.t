#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# One of a machine waits for the fill of another one, and those behind it for
# what it finds.  When it cannot look, for Redis has stalled, its own answer
# will not be stored: nobody waits for that.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use IO::Socket::INET ();

use QC::Collapse;
use QC::Edges;
use QC::FakeS3;
use QC::Nginx;
use QC::Services qw/redis/;
use QC::Upstream;

my $redis = redis();
my $s3 = QC::FakeS3->start(port => port('s3'));
my $up = QC::Upstream->start(port => port('up'), routes => {
    '/a' => sub {
        my ($req, $n) = @_;
        return { body => 'rows', headers => [fresh()],
            gate => $n == 1 ? 'first' : 'more' };
    },
});

my ($here, $there) = edges($redis);

my $fill = at($here, '/a');
ok($up->wait_at('first'), 'one runs the upstream');

my @others = many($there, 4, '/a');
ok(counts($there, 'remote_waited', 1), 'others wait for it, elsewhere');

# they hear that it is lost, and then nothing any more

my ($lock) = locks($redis);
my ($prefix, $key) = $lock =~ /^(.*)~lock:(.*)$/;
my $pipe = IO::Socket::INET->new('127.0.0.1:' . $redis->port)
    or die "redis: $!";
$pipe->syswrite("PUBLISH ${prefix}~fills \"1 $key l\"\r\n"
    . "CLIENT PAUSE 3000\r\n");

ok($up->wait_requests('/a', 5), 'all of them run the upstream');
$up->release('more');
is(said(answers(@others)), '4 MISS', 'and are answered');

$up->release('first');
is(said(answers($fill)), '1 MISS', 'as is the first');

done_testing();
