#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# At most redis_queue commands of a worker are pending: more are not sent,
# and their clients get the upstream's answer at once, while those that are
# pending get theirs from the cache.  Fails if a slow Redis collects
# commands without a bound, or if the limit sets it aside.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use constant COMMANDS => 2;     # of a lookup: the entry and the log

use QC::FakeS3;
use QC::Nginx;
use QC::Services qw/redis/;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $redis = redis();
my $s3 = QC::FakeS3->start(port => port('s3'));
my $up = QC::Upstream->start(port => port('up'),
    routes => { '/a' => { body => 'rows' } });

$t->write_file_expand('nginx.conf', <<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        redis ${\$redis->url};
        redis_timeout 60s;
        redis_queue   ${\(10 * COMMANDS)};
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

$t->get('/a');
ok($t->wait_stats('/stats', 'store', 'stored', 1), 'stored');

my $before = $t->stats('/stats', 'redis', 'commands');
$redis->pause;

my @pending = map { $t->client } 1 .. 10;
$_->send_request('GET', '/a') for @pending;
ok($t->wait_stats('/stats', 'redis', 'commands',
    $before + 10 * COMMANDS), 'pending');

for my $n (1 .. 5) {
    my $r = $t->get('/a');
    is(join(' ', $r->status, $r->body, $r->header('X-Status'),
        $r->header('X-Reason')), '200 rows MISS index_down',
        "one too many: $n");
}

is(scalar(grep { $_->readable } @pending), 0, 'the others still wait');

$redis->resume;

for my $c (@pending) {
    is($c->read_response->header('X-Status'), 'HIT', 'and are hits');
}

is($t->get('/a')->header('X-Status'), 'HIT', 'later ones too');

my $stats = $t->stats('/stats', 'redis');
is($stats->{queue_full}, 5, 'counted');
is($stats->{down}, 0, 'not set aside');
is(scalar $t->error_log(qr/20 redis commands are pending/), 1, 'logged once');

done_testing();
