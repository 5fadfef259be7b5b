#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# With "aio threads" hits are read in a thread, for many clients at once,
# slow ones, and such that go away amid it; a worker that is told to leave
# sends the rest first.  Fails if a thread's result meets a request that has
# gone, or if a slow client's buffer is read over.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Body;
use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache threads/);

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/big/*' => sub { return { size => 3_000_000, seed => $_[0]{path} } },
    '/*'     => sub { return { size => 20_000, seed => $_[0]{path} } },
});

$t->write_file_expand('nginx.conf', <<'EOF');

%%TEST_GLOBALS%%

thread_pool few threads=2 max_queue=16;

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    aio threads;

    query_cache_zone z {
        disk %%TESTDIR%%/disk;
    }

    add_header           X-Status $query_cache_status;
    query_cache_valid    10m;
    query_cache_compress none;
    query_cache          z;

    map $arg_pool $pool {
        none    none;
        default few;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%% sndbuf=64k;

        location / {
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /other/ {
            aio        threads=$pool;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /stats {
            query_cache off;
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

my @uris = map { ("/big/$_", "/$_", "/other/$_") } 1 .. 5;
my %md5 = map { $_ => QC::Body->new(size => /big/ ? 3_000_000 : 20_000,
    seed => $_)->md5 } @uris;

$t->get($_, discard => 1) for @uris;
ok($t->wait_stats('/stats', 'store', 'stored', scalar @uris), 'stored');

sub said {
    my ($r) = @_;

    return join ' ', $r->header('X-Status'), $r->error, $r->body_md5;
}

# all at once, twice each; the big ones do not fit into socket buffers

my @clients = map { [$_, $t->client(rcvbuf => 65536)] } @uris, @uris;
$_->[1]->send_request('GET', $_->[0]) for @clients;

for my $c (reverse @clients) {
    my ($uri, $client) = @$c;
    is(said($client->read_response(discard => 1)), "HIT  $md5{$uri}", $uri);
}

# some go away

for my $n (1 .. 20) {
    my $client = $t->client(rcvbuf => 4096);
    $client->send_request('GET', '/big/' . (1 + $n % 5));
    $client->read_response(stop_after => 1 + $n * 1000) if $n % 2;
    $client->reset;
}

is(said($t->get('/big/1')), "HIT  $md5{'/big/1'}", 'after some went away');

# a pool that is not there, and one whose queue is full, are no obstacle

is($t->get('/other/1?pool=none')->header('X-Status'), 'MISS', 'no pool');
ok($t->wait_stats('/stats', 'store', 'stored', @uris + 1), 'stored');
is(said($t->get('/other/1?pool=none')), "HIT  $md5{'/other/1'}",
    'read without');
is(scalar $t->error_log(qr/thread pool "none" not found/), 1, 'logged');

# reload amid a slow answer

my $slow = $t->client(rcvbuf => 65536);
$slow->send_request('GET', '/big/2');
ok($slow->readable(5), 'a slow client');
ok($t->reload, 'reload');
is(said($slow->read_response), "HIT  $md5{'/big/2'}", 'has it whole');
$slow->close;
ok($t->reload(wait => 1), 'the old worker leaves');

is($t->stats('/stats', 'request', 'broken'), 0, 'none was broken');

done_testing();
