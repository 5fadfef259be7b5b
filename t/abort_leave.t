#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# A worker that is told to leave stays until runs that go on without their
# clients have ended and are stored, but not longer than for a store: then
# they are ended.  TERM does not wait.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Nginx;
use QC::Upstream;
use QC::Util qw/alive/;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my %body = (size => 500_000, headers => ['Cache-Control' => 'max-age=600']);

my $up = QC::Upstream->start(port => port('up'), routes => {
    (map { ("/$_" => { %body, at => [[100_000, gate => $_]] }) }
        qw/reload quit forever term/),
    '/reload-head' => { %body, gate => 'reload' },
    '/forever-head' => { %body, gate => 'forever' },
});

my $conf = <<'EOF';

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        disk %%TESTDIR%%/store;
        store_timeout TIMEOUT;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            query_cache z;
            query_cache_abort finish;
            add_header X-Status $query_cache_status;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /stats {
            query_cache_admin z;
        }
    }
}

EOF

$t->write_file_expand('nginx.conf', $conf =~ s/TIMEOUT/60s/r);
$t->run;

sub leave {
    my ($name) = @_;

    my $c = $t->client;
    my $mark = $t->log_mark;

    $c->send_request('GET', "/$name");
    ok($up->wait_requests("/$name", 1), "$name: under way");
    ok($name =~ /head/ || $c->await(50_000), "$name: so much is there");
    $c->reset;
    ok(wait_until(sub {
        $t->error_log_since($mark, qr/upstream run goes on/) == 1
    }), "$name: goes on");
}

# a reload

leave($_) for qw/reload reload-head/;

my ($old) = $t->worker_pids;

ok($t->reload, 'a reload');
ok(alive($old), 'the old worker is there');
$up->release('reload');
ok($t->wait_stats('/stats', 'store', 'stored', 2), 'stores both');
ok(wait_until(sub { !alive($old) }), 'and leaves');
is($t->get("/$_")->header('X-Status'), 'HIT', "$_: a hit")
    for qw/reload reload-head/;

# QUIT

leave('quit');

($old) = $t->worker_pids;
kill 'QUIT', $t->master_pid;
ok($t->wait_log(qr/ $old#\d+: gracefully/), 'the worker is to leave');
ok(alive($old), 'it is there');
$up->release('quit');
ok($t->quit, 'and leaves');

$t->write_file_expand('nginx.conf', $conf =~ s/TIMEOUT/1s/r);
$t->run;

ok($t->wait_stats('/stats', 'disk', 'loaded', 3), 'a start');
is($t->get('/quit')->header('X-Status'), 'HIT', 'it was stored');

# what does not end

leave($_) for qw/forever forever-head/;

($old) = $t->worker_pids;
ok($t->reload, 'a reload');
ok(wait_until(sub { !alive($old) }, 10), 'the worker does not wait for them');
is($t->stats('/stats', 'abort', 'expired'), 2, 'they are ended');

# TERM

leave('term');
kill 'TERM', $t->master_pid;
ok($t->stop, 'TERM');

done_testing();
