#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# A worker that is told to leave answers the clients whose lookups are
# pending, publishes what it is storing, and then leaves, also if Redis never
# answers or is not there.  Fails if the worker leaves too early, or if a
# timer or an idle connection keeps it.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::FakeS3;
use QC::Nginx;
use QC::Services qw/redis/;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $redis = redis();
my $s3 = QC::FakeS3->start(port => port('s3'));
my $up = QC::Upstream->start(port => port('up'),
    routes => { '/*' => { body => 'rows' } });

sub conf {
    my ($timeout) = @_;

    $t->write_file_expand('nginx.conf', <<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        redis ${\$redis->url};
        redis_timeout $timeout;
        redis_backoff 10s 20s;
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

conf('60s');
$t->run;

$t->get('/a');
ok($t->wait_stats('/stats', 'store', 'stored', 1), 'stored');

sub pending {
    my @paths = @_;

    my $before = $t->stats('/stats', 'redis', 'commands');
    my @clients = map { $t->client } @paths;
    $clients[$_]->send_request('GET', $paths[$_]) for 0 .. $#paths;
    ok($t->wait_stats('/stats', 'redis', 'commands', $before + @paths),
        'lookups are pending');

    return @clients;
}

sub said {
    my ($client) = @_;

    my $r = $client->read_response;

    return join ' ', $r->status, $r->header('X-Status'), $r->body;
}

# reload while Redis is slow: a hit and a miss, which is stored

$redis->pause;
my ($hit, $miss) = pending('/a', '/b');
ok($t->reload(limit => 5), 'reload: new workers');
$redis->resume;
is(said($hit), '200 HIT rows', 'reload: the hit');
is(said($miss), '200 MISS rows', 'reload: the miss');
$_->close for $hit, $miss;
ok($t->wait_stats('/stats', 'store', 'stored', 2), 'reload: and its store');
ok($t->reload(wait => 1), 'reload: the old workers leave');
is($t->get('/b')->header('X-Status'), 'HIT', 'reload: a hit');

# a store that is publishing

$s3->fault('stall', gate => 'put', match => qr/^PUT/);
is($t->get('/c')->header('X-Status'), 'MISS', 'publish: a miss');
ok($s3->wait_at('put'), 'publish: the object is sent');
ok($t->reload(limit => 5), 'publish: new workers');
$redis->pause;
$s3->release('put');
$redis->resume;
ok($t->wait_stats('/stats', 'store', 'stored', 3), 'publish: stored');
ok($t->reload(wait => 1), 'publish: the old workers leave');
is($t->get('/c')->header('X-Status'), 'HIT', 'publish: a hit');

# Redis never answers

conf('300ms');
ok($t->reload(wait => 1), 'stalled: a shorter deadline');
is($t->get('/a')->header('X-Status'), 'HIT', 'stalled: it works');
$redis->pause;
($hit) = pending('/a');
ok($t->reload(limit => 5), 'stalled: new workers');
is(said($hit), '200 MISS rows', 'stalled: the answer');
$hit->close;
ok($t->reload(wait => 1), 'stalled: the old workers leave');

# quit, with a lookup pending, is as a reload

$redis->resume;
conf('60s');
ok($t->reload(wait => 1), 'quit: a longer deadline');
ok(wait_until(sub { $t->get('/a')->header('X-Status') eq 'HIT' }),
    'quit: it works');
$redis->pause;
($hit) = pending('/a');
kill 'QUIT', $t->master_pid;
ok($t->wait_log(qr/gracefully shutting down/), 'quit');
$redis->resume;
is(said($hit), '200 HIT rows', 'quit: the hit');
$hit->close;
ok($t->quit, 'quit: nginx ends');

# nobody there: a reconnect is planned in 10 s

$redis->stop('KILL');
$t->run;
is($t->get('/a')->header('X-Status'), 'MISS', 'down: the upstream');
ok($t->reload(wait => 1), 'down: the old workers leave');
ok($t->quit, 'down: nginx ends');

done_testing();
