#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# A Redis that refuses connections costs nothing: nginx starts, clients get
# the upstream's answer without a wait, the outage is logged once, and the
# cache works by itself as soon as Redis does.  The deadline is longer than
# this test may run, so anything that waits for Redis fails it.

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
$redis->stop;

my $s3 = QC::FakeS3->start(port => port('s3'));
my $up = QC::Upstream->start(port => port('up'),
    routes => { '/*' => { body => 'rows' } });

$t->write_file_expand('nginx.conf', <<"EOF");

%%TEST_GLOBALS%%

worker_processes 2;

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        redis ${\$redis->url};
        redis_timeout 300s;
        redis_backoff 20ms 50ms;
        s3    http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            query_cache       z;
            query_cache_valid 10m;
            add_header        X-Status \$query_cache_status;
            add_header        X-Reason \$query_cache_reason;
            proxy_pass        http://127.0.0.1:%%PORT_up%%;
        }

        location = /stats {
            query_cache_admin z;
        }
    }
}

EOF

$t->run;
ok(1, 'nginx starts');

sub outage {
    my ($when, $connects) = @_;

    ok($t->wait_stats('/stats', 'redis', 'down', $connects + 2),
        "$when: both workers know");
    my $before = $up->count;

    for my $n (1 .. 20) {
        my $r = $t->get("/$when");
        is(join(' ', $r->status, $r->body, $r->header('X-Status'),
            $r->header('X-Reason')), '200 rows MISS index_down',
            "$when: request $n");
    }

    is($up->count - $before, 20, "$when: all from the upstream");

    my $stats = $t->stats('/stats');
    is($stats->{redis}{timeouts}, 0, "$when: no command timed out");
    is($stats->{redis}{connects}, $connects, "$when: not connected");
    is($stats->{redis}{refused}, 10 * ($connects + 2), "$when: counted");
    is($stats->{s3}{put}, $connects ? 1 : 0,
        "$when: nothing stored that cannot be published");

    $redis->start;
    ok($t->wait_stats('/stats', 'redis', 'connects', $connects + 2),
        "$when: comes back by itself");
}

outage('start', 0);

# which worker a request reaches is open: both are connected
$t->get('/a');
ok($t->wait_stats('/stats', 'store', 'stored', 1), 'stored');
is($t->get('/a')->header('X-Status'), 'HIT', 'a hit');

$redis->stop('KILL');
outage('killed', 2);

is($t->get('/a')->header('X-Status'), 'MISS', 'a Redis without data');

my @down = $t->error_log(qr/redis 127\.0\.0\.1:\d+ is set aside/);
is(scalar @down, 1, 'an outage is logged, once a minute at most');
like($down[0], qr/\[error\].*connect\(\) failed.*in query cache zone "z"/,
    'with what and where');

my @back = $t->error_log(qr/answers again in query cache zone "z"/);
is(scalar @back, 1, 'and its end');

done_testing();
