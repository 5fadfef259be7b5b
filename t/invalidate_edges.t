#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# What one nginx invalidates no other one serves that shares its Redis: not
# by URI, not by group, not if the log of invalidations was lost.  While
# Redis is away clients do not wait, and the invalidation is tried again, by
# a worker that was told to leave, too; and given up in the end, with a word.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::FakeS3;
use QC::Nginx;
use QC::Services qw/redis/;
use QC::Upstream;

my @fresh = ('Cache-Control' => 'max-age=600, stale-if-error=600',
    'Cache-Groups' => '"a", "b"');

my $redis = redis(conf => ['appendonly yes', 'appendfsync always']);
my $s3 = QC::FakeS3->start(port => port('s3'));
my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => { body => 'rows', headers => [@fresh] },
    '/change' => { status => 204,
        headers => ['Cache-Group-Invalidation' => '"b"'] },
    map { ("/$_" => [{ body => 'old', headers => [@fresh], gate => $_ },
                     { body => 'new', headers => [@fresh] }],
        "PUT /$_" => { status => 204 }) } qw/slow forgotten emptied/,
});

my @edges = map { edge($_) } 1, 2;

sub edge {
    my ($n) = @_;

    my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

    $t->write_file_expand('nginx.conf', <<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        redis ${\$redis->url};
        redis_timeout 500ms;
        redis_backoff 20ms 50ms;
        s3    http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;
    }

    add_header X-Status \$query_cache_status always;
    add_header X-Reason \$query_cache_reason always;

    server {
        listen 127.0.0.1:%%PORT_$n%%;

        location / {
            query_cache       z;
            proxy_pass        http://127.0.0.1:%%PORT_up%%;
        }

        location = /stats {
            query_cache_admin z;
        }
    }
}

EOF

    return $t->run;
}

sub ask {
    my ($n, $method, $uri) = @_;

    my $r = $edges[$n - 1]->client(port => $n)->request($method, $uri,
        $method eq 'PUT' ? (body => 'x') : ());

    return join ' ', $r->header('X-Status'), $r->header('X-Reason') // '-';
}

sub counter {
    my ($n, $group, $name) = @_;

    return $edges[$n - 1]->stats('/stats', $group, $name, port => $n);
}

sub raised {
    my ($n, $group, $name, $code, $seconds) = @_;

    my $before = counter($n, $group, $name);
    $code->();

    return wait_until(sub { counter($n, $group, $name) > $before }, $seconds);
}

sub fill {
    my ($uri) = @_;

    ok(raised(2, 'store', 'stored', sub {
        like(ask(2, 'GET', $uri), qr/^MISS/, "$uri: a miss");
    }), "$uri: stored");

    for my $n (1, 2) {
        ok(wait_until(sub { ask($n, 'GET', $uri) eq 'HIT -' }),
            "$uri: a hit on $n");
    }
}

# there is a log once something was noted

sub noted {
    my ($uri) = @_;

    ok(raised(1, 'invalidation', 'made', sub { ask(1, 'PUT', $uri) }),
        "$uri: noted");
}

sub lost {
    my ($uri, $name) = @_;

    is(ask(2, 'GET', $uri), 'MISS invalidated', "$name: lost there");
}

# the first command of a worker goes to a connection that has to be made

noted('/first');

fill('/a');
is(ask(1, 'PUT', '/a'), 'BYPASS method', 'PUT');
lost('/a', 'by its URI');
ok(wait_until(sub { ask(1, 'GET', '/a') eq 'HIT -' }), 'and filled again');

fill('/b');
is(ask(1, 'PUT', '/change'), 'BYPASS method', 'a change');
lost('/b', 'by its group');

# a fill that is under way, by the other one

for my $uri ('/slow', '/forgotten', '/emptied') {
    my $name = substr $uri, 1;
    my $c = $edges[1]->client(port => 2);

    noted('/first');
    $c->send_request('GET', $uri);
    ok($up->wait_at($name), "$uri: a fill has begun");
    is(ask(1, 'PUT', $uri), 'BYPASS method', "$uri: PUT");

    my ($log) = grep { /~log$/ } split /\n/, $redis->cli('KEYS', '*');
    ok($log, "$uri: there is a log");
    $redis->cli('DEL', $log) if $uri eq '/forgotten';
    $redis->cli('FLUSHALL') if $uri eq '/emptied';

    $up->release($name);
    is($c->read_response(method => 'GET')->body, 'old', "$uri: has ended");

    ok(wait_until(sub { ask(2, 'GET', $uri) eq 'HIT -' }),
        "$uri: another one");
    is($edges[$_ - 1]->get($uri, port => $_)->body, 'new',
        "$uri: which began later, on $_") for 1, 2;
}

# a log that is gone has said what nobody knows

noted('/first');
fill('/unknown');
is(ask(1, 'PUT', '/unknown'), 'BYPASS method', 'PUT');
$redis->cli('DEL', grep { /~log$/ } split /\n/, $redis->cli('KEYS', '*'));
is(ask(2, 'GET', '/unknown'), 'MISS invalidated', 'so it is not served');

# Redis is away, and comes back

fill('/away');
$redis->stop;

my $t0 = time();
is(ask(1, 'PUT', '/away'), 'BYPASS method', 'PUT without Redis');
cmp_ok(time() - $t0, '<', 3, 'nobody waits');

ok(raised(1, 'invalidation', 'made', sub { $redis->start }, 15),
    'it is said as soon as there is one');
ok(wait_until(sub { ask(2, 'GET', '/away') eq 'MISS invalidated' }),
    'while Redis was away');

# it answers nothing for a while

my $failed = counter(1, 'invalidation', 'failed');
fill('/stalled');
$redis->pause;
is(ask(1, 'PUT', '/stalled'), 'BYPASS method', 'PUT, and Redis is silent');
ok(wait_until(sub { counter(1, 'invalidation', 'failed') > $failed }),
    'no answer in time');
$redis->resume;
ok(wait_until(sub { ask(2, 'GET', '/stalled') eq 'MISS invalidated' }, 15),
    'in the end');

# the worker leaves

fill('/leaves');
$redis->stop;
is(ask(1, 'PUT', '/leaves'), 'BYPASS method', 'PUT of one that leaves');
kill 'QUIT', $edges[0]->master_pid;
ok($edges[0]->wait_log(qr/gracefully shutting down/), 'it is told to');
$redis->start;
ok($edges[0]->quit(15), 'and leaves when it is done');
ok(wait_until(sub { ask(2, 'GET', '/leaves') eq 'MISS invalidated' }),
    'by a worker that left');

# for too long

$edges[0]->run;
fill('/lost');
$redis->stop;
is(ask(1, 'PUT', '/lost'), 'BYPASS method', 'PUT');
ok(wait_until(sub { counter(1, 'invalidation', 'lost') }, 20), 'given up');
ok($edges[0]->error_log(
    qr/\[error\].*an invalidation was lost in query cache zone "z"/),
    'and said so');
$redis->start;

done_testing();
