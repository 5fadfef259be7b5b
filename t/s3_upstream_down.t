#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# With every server of an upstream{} marked down, reads, stores and probes end
# at once, and the upstream answers.  nginx tries again without end if "no
# live upstreams" is a reason to: the worker would never come back and would
# fill the disk with error.log.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::FakeS3;
use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new(log_level => 'info')
    ->has(qw/http proxy upstream_keepalive query_cache/);
my @s3 = map { QC::FakeS3->start(port => port("s3$_")) } 1, 2;

my @fresh = (headers => ['Cache-Control' => 'max-age=600']);
my @never = (headers => ['Cache-Control' => 'no-store']);

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/small' => [{ size => 2000, @fresh }, { body => 'upstream', @never }],
    '/big' => [{ size => 200_000, @fresh }, { body => 'upstream', @never }],
    '/new/*' => { body => 'new', @fresh },
});

$t->write_file_expand('nginx.conf', <<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    upstream gateways {
        server 127.0.0.1:%%PORT_s31%% max_fails=1 fail_timeout=1s;
        server 127.0.0.1:%%PORT_s32%% max_fails=1 fail_timeout=1s;
        keepalive 4;
    }

    query_cache_zone z {
        s3 http://gateways bucket=b access_key=a secret_key=s;
        s3_backoff 5ms 5ms;
        hold 10k;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            query_cache z;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /stats {
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

sub both_do { my ($what) = @_; $_->$what for @s3 }

is($t->get('/small')->body_length, 2000, 'a small miss');
is($t->get('/big')->body_length, 200_000, 'a big miss');
ok($t->wait_stats('/stats', 'store', 'stored', 2), 'both stored');

# the objects are where the balancer put them: let both have them

for my $from (@s3) {
    for my $path ($from->keys) {
        my $object = $from->object($path);
        $_->put($path, $object->{body}, %{$object->{headers}}) for @s3;
    }
}

for my $down (@s3) {
    $down->refuse;
    $down->drop;
    is($t->get('/small')->body_length, 2000, 'one is down: the other, small')
        for 1 .. 3;
    is($t->get('/big')->body_length, 200_000, 'one is down: the other, big');
    $down->accept;

    wait_until(sub {
        my $n = $down->connections;
        $t->get('/small');
        return $down->connections > $n;
    });
}

is($t->stats('/stats', 'request', 'fallback'), 0, 'nobody noticed');

both_do('refuse');
both_do('drop');

my $worker = join ' ', $t->worker_pids;
my $probes = $t->stats('/stats', 's3', 'probe');

for my $n (1 .. 20) {
    is($t->get($_)->body, 'upstream', "$_: all are down, $n")
        for '/small', '/big';
    is($t->get("/new/$n")->body, 'new', "/new/$n: all are down");
}

ok($t->wait_stats('/stats', 's3', 'probe', $probes + 20), 'probes end');
is(join(' ', $t->worker_pids), $worker, 'the worker lives');

my $lines = () = $t->error_log =~ /no live upstreams/g;
my $tries = $t->stats('/stats', 's3', 'probe')
    + $t->stats('/stats', 's3', 'get') + $t->stats('/stats', 's3', 'put');
cmp_ok($lines, '<=', $tries, 'one line at most for an exchange');
cmp_ok(length $t->error_log, '<', 1_000_000, 'error.log stays small');

both_do('accept');
ok(wait_until(sub { $t->get('/small')->body_length == 2000 }),
    'up again: small');
ok(wait_until(sub { $t->get('/big')->body_length == 200_000 }),
    'up again: big');

done_testing();
