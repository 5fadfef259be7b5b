#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# A worker that is told to leave while its connection to Redis is not ready
# leaves at once: while it connects, while its greeting is not answered, and
# when Redis, once set aside, answers again.  A command that waits for the
# greeting gets its answer first.  Fails if such a connection is left open,
# if it keeps the worker, or if the worker connects again for nobody.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use IO::Socket::INET;

use QC::FakeRedis;
use QC::FakeS3;
use QC::Nginx;
use QC::Upstream;
use QC::Util qw/wait_until/;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $redis = QC::FakeRedis->start(port => port('redis'), password => 'pw');
my $s3 = QC::FakeS3->start(port => port('s3'));
my $up = QC::Upstream->start(port => port('up'), routes => {
    '/held' => { body => 'rows', gate => 'held' },
    '/*' => { body => 'rows' },
});

# its queue is full: to connect there takes for ever

my $full = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1)
    or die "cannot listen: $!\n";
my @filling = map {
    IO::Socket::INET->new(PeerAddr => '127.0.0.1',
        PeerPort => $full->sockport, Blocking => 0)
} 1 .. 8;

sub conf {
    my (%o) = @_;

    my $port = $o{port} // $redis->port;
    my $backoff = $o{backoff} // '10s 20s';

    $t->write_file_expand('nginx.conf', <<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        redis redis://:pw\@127.0.0.1:$port/1;
        redis_timeout 60s;
        redis_backoff $backoff;
        s3    http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;
        store_retries 0;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            query_cache       z;
            query_cache_valid 10m;
            add_header        X-Status \$query_cache_status;
            proxy_pass        http://127.0.0.1:%%PORT_up%%;
        }

        location = /stats {
            query_cache_admin z;
        }
    }
}

EOF
}

sub pending {
    my ($uri) = @_;

    my $client = $t->client;
    $client->send_request('GET', $uri);

    return $client;
}

sub said {
    my ($client) = @_;

    my $r = $client->read_response;
    $client->close;

    return join ' ', $r->status, $r->header('X-Status'), $r->body;
}

# workers come, and leave, while nobody answers a command of the greeting

conf();

for my $command (qw/AUTH SELECT PING CLIENT/) {
    $redis->clear_faults;
    $redis->fault('hang', match => qr/^$command\b/, times => 0);
    my $before = $redis->count($command);

    $t->run;
    ok(wait_until(sub { $redis->count($command) > $before }),
        "$command: not answered");
    ok($t->reload(wait => 1), "$command: the old workers leave");
    ok(wait_until(sub { $redis->open_connections == $t->worker_pids }),
        "$command: and their connections end");
    ok($t->quit, "$command: nginx ends");
    ok(wait_until(sub { $redis->open_connections == 0 }),
        "$command: and all connections");
}

# nor is the connection accepted

conf(port => $full->sockport);
$t->run;
ok($t->reload(wait => 1), 'not connected: the old workers leave');
ok($t->quit, 'not connected: nginx ends');

# a lookup waits for the greeting

conf();
$redis->clear_faults;
$redis->fault('stall', match => qr/^AUTH/, gate => 'auth');
$t->run;
ok($redis->wait_at('auth'), 'lookup: the greeting waits');
my $client = pending('/a');
ok($t->wait_stats('/stats', 'redis', 'commands', 1), 'lookup: it waits');
ok($t->reload(limit => 5), 'lookup: new workers');
$redis->release('auth');
is(said($client), '200 MISS rows', 'lookup: answered');
ok($t->wait_stats('/stats', 'store', 'stored', 1), 'lookup: and stored');
ok($t->reload(wait => 1), 'lookup: the old workers leave');

# set aside; a worker that a client keeps plans to connect, and Redis is back

conf(backoff => '10ms 20ms');
ok($t->reload(wait => 1), 'back: another backoff');
$redis->refuse;
$redis->drop;
ok($t->wait_stats('/stats', 'redis', 'down', 1), 'back: set aside');
$client = pending('/held');
ok($up->wait_at('held'), 'back: a client');
ok($t->reload(limit => 5), 'back: new workers');
my $ready = $t->stats('/stats', 'redis', 'connects');
my $count = $redis->connections;
$redis->accept;
ok($t->wait_stats('/stats', 'redis', 'connects', $ready + 1),
    'back: Redis is back');
$up->release('held');
is(said($client), '200 MISS rows', 'back: the client');
ok($t->reload(wait => 1), 'back: the old workers leave');
cmp_ok($redis->connections - $count, '<', 10, 'back: few connections');

# set aside; the next greeting is not answered

$redis->fault('hang', match => qr/^AUTH/, times => 0);
$redis->drop;
ok(wait_until(sub { $redis->faults_hit }), 'silent: it connects again');
ok($t->reload(wait => 1), 'silent: the old workers leave');
ok($t->quit, 'silent: nginx ends');

done_testing();
