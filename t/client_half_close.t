#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# A client that closes its sending side after the request gets its answer
# wherever it would without the cache: while Redis and S3 are waited for
# nothing is taken for a client that has gone.  Aborting such a request would
# make the cache's delays the client's failures.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::FakeRedis;
use QC::FakeS3;
use QC::Nginx;
use QC::Redis;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $s3 = QC::FakeS3->start(port => port('s3'));
my $fake = QC::FakeRedis->start(port => port('fake'));
my $up = QC::Upstream->start(port => port('up'), routes => {
    '/slow*' => { gate => 'up', body => 'answer' },
    '/big'   => { size => 3_000_000, kind => 'random' },
    '/*'     => { body => 'answer' },
});

$t->write_file_expand('nginx.conf', <<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        s3 http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;
        s3_read_timeout 10s;
        hold_timeout 10s;
    }

    query_cache_zone redis {
        redis redis://127.0.0.1:%%PORT_fake%%;
        redis_timeout 10s;
        s3 http://127.0.0.1:%%PORT_s3%% bucket=c access_key=a secret_key=s;
    }

    query_cache_valid 1h;

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            query_cache z;
            proxy_ignore_client_abort on;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /redis {
            query_cache redis;
            proxy_ignore_client_abort on;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /file {
            query_cache redis;
        }

        location = /query_cache {
            query_cache_admin z;
        }
    }
}

EOF

$t->write_file('file', 'a file');
$t->run;

# nginx has seen the end of the client's side when it has answered another

sub half_closed {
    my ($uri) = @_;

    my $c = $t->client;
    $c->send("GET $uri HTTP/1.1\r\nHost: localhost\r\n"
        . "Connection: close\r\n\r\n");

    return $c;
}

sub end_sending {
    my ($c) = @_;

    shutdown $c->socket, 1;
    $t->get('/query_cache');
}

# while Redis is waited for

for my $uri ('/redis', '/file') {
    my $body = $uri eq '/file' ? 'a file' : 'answer';

    $fake->hold('redis');
    $fake->fault('stall', gate => 'redis', match => qr/^HGETALL/);

    my $c = half_closed($uri);
    ok($fake->wait_at('redis'), "$uri: Redis is waited for");
    end_sending($c);
    $fake->release('redis');
    is($c->read_response->body, $body, "$uri: answered");
}

# while the upstream is waited for, as nginx is told to

my $c = half_closed('/slow');
ok($up->wait_at('up'), 'the upstream is waited for');
end_sending($c);
$up->release('up');
is($c->read_response->body, 'answer', 'answered');

# while S3 is waited for: a hit that is held, and one that is streamed

my $stored = 1;
ok($t->wait_stats('/query_cache', 'store', 'stored', $stored), 'stored');

for my $uri ('/small', '/big') {
    my $miss = $t->get($uri);
    ok($t->wait_stats('/query_cache', 'store', 'stored', ++$stored),
        "$uri: stored");

    $s3->hold('s3');
    $s3->fault('stall', gate => 's3', match => qr/^GET/);

    $c = half_closed($uri);
    ok($s3->wait_at('s3'), "$uri: S3 is waited for");
    end_sending($c);
    $s3->release('s3');

    my $r = $c->read_response;
    is($r->error . $r->body_md5, $miss->body_md5, "$uri: answered");
    is($up->hits($uri), 1, "$uri: from the cache");
}

done_testing();
