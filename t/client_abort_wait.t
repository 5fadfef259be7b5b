#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# A client that resets its connection while its body is on the way, or while
# Redis, S3 or the upstream is waited for, ends its own request and nothing
# else: no descriptor stays open, nothing is stored, the next request is
# served.  A lookup or read that outlived its request would write to freed
# memory.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::FakeRedis;
use QC::FakeS3;
use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $s3 = QC::FakeS3->start(port => port('s3'));
my $redis = QC::FakeRedis->start(port => port('redis'));
my $up = QC::Upstream->start(port => port('up'), routes => {
    '/slow' => { gate => 'up', body => 'late' },
    '/big'  => { size => 3_000_000, kind => 'random' },
    '/*'    => { body => 'answer' },
});

$t->write_file_expand('nginx.conf', <<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    client_body_buffer_size 16k;

    query_cache_zone z {
        redis redis://127.0.0.1:%%PORT_redis%%;
        redis_timeout 10s;
        s3 http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;
        s3_read_timeout 10s;
        hold_timeout 10s;
    }

    query_cache_zone local {
        s3 http://127.0.0.1:%%PORT_s3%% bucket=c access_key=a secret_key=s;
        s3_read_timeout 10s;
        hold_timeout 10s;
    }

    query_cache_methods GET POST;
    query_cache_valid 1h;

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            query_cache local;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /redis {
            query_cache z;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /query_cache {
            query_cache_admin local;
        }
    }
}

EOF

$t->run;

# connections to Redis and S3 stay: they are there from the start

for my $uri ('/small', '/big') {
    $t->get($uri);
}

ok($t->wait_stats('/query_cache', 'store', 'stored', 2), 'stored');
$t->get($_) for '/small', '/big', '/redis';

my ($worker) = $t->worker_pids;
my $files = $t->open_files;
my $body = 'x' x 500_000;

sub settled {
    my ($name) = @_;

    ok(wait_until(sub { $t->open_files($worker) <= $files }),
        "$name: nothing stays open");
    is($t->get('/small')->body, 'answer', "$name: the next is served");
}

# while the body is on the way

for my $sent (0, 1, 10_000, 499_999) {
    my $c = $t->client;
    $c->send("POST /upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
        . "500000\r\n\r\n" . substr $body, 0, $sent);
    $t->get('/query_cache');
    $c->reset;
    settled("$sent of 500000 B sent");
}

is($up->hits('/upload'), 0, 'the upstream heard nothing of it');

# while Redis is waited for: its late reply belongs to nobody

for my $n (1 .. 3) {
    $redis->hold('redis');
    $redis->fault('stall', gate => 'redis', match => qr/^HGETALL/);

    my $c = $t->client;
    $c->send_request('POST', '/redis', body => $body);
    ok($redis->wait_at('redis'), 'Redis is waited for');
    $c->reset;
    $t->get('/query_cache');
    $redis->release('redis');
    settled("Redis, $n");
}

# while S3 is waited for: before its head, and in its body

for my $uri ('/small', '/big') {
    for my $fault (['stall', gate => 's3'], ['hang_body', at => 3]) {
        $s3->hold('s3');
        $s3->fault(@$fault, match => qr/^GET/);
        my $gate = $fault->[0] eq 'stall' ? 's3' : 'hang';
        my $waiting = $s3->waiting($gate);

        my $c = $t->client;
        $c->send_request('GET', $uri);
        ok($s3->wait_at($gate, $waiting + 1), "$uri: S3 is waited for");
        $c->reset;
        $t->get('/query_cache');

        # that which waits for S3 in vain is ended by S3
        $s3->release('s3');
        $s3->drop if $fault->[0] ne 'stall';
        settled("$uri, $fault->[0]");
        $t->get('/small') for 1 .. 2;
    }
}

# while the upstream is waited for

my $c = $t->client;
$c->send_request('POST', '/slow', body => $body);
ok($up->wait_at('up'), 'the upstream is waited for');
$c->reset;
ok(wait_until(sub { $up->last('/slow')->{outcome} eq 'closed' }),
    'it is told, as without the cache');
settled('the upstream');

is(($t->worker_pids)[0], $worker, 'one worker all along');
is($t->stats('/query_cache', 'store', 'stored'), 2, 'nothing was stored');

done_testing();
