#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# An object whose record cannot be published is deleted from S3 again: nobody
# would ever ask for it, and nobody else would ever remove it.  If Redis takes
# the record after all, later than anybody waits for it, a hit finds the object
# gone, and the client has the upstream's answer.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::FakeRedis;
use QC::FakeS3;
use QC::Nginx;
use QC::Services qw/redis/;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);
my $s3 = QC::FakeS3->start(port => port('s3'));
my $fake = QC::FakeRedis->start(port => port('redis'));
my $redis = redis();

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => { body => 'answer', headers => ['Cache-Control' => 'max-age=60'] },
});

$t->write_file_expand('nginx.conf', <<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone fake {
        redis redis://127.0.0.1:%%PORT_redis%%;
        redis_timeout 100ms;
        redis_backoff 5ms 10ms;
        s3 http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;
        store_retries 1;
    }

    query_cache_zone real {
        redis @{[$redis->url]};
        redis_timeout 100ms;
        redis_backoff 5ms 10ms;
        s3 http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;
        store_retries 0;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        add_header X-Cache \$query_cache_status always;

        location / {
            query_cache fake;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /real {
            query_cache real;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /stats/fake {
            query_cache_admin fake;
        }

        location = /stats/real {
            query_cache_admin real;
        }
    }
}

EOF

$t->run;

my @cases = (
    ['oom', 'failed'],
    ['readonly', 'failed'],
    ['loading', 'failed'],
    ['close', 'failed'],
    ['garbage', 'failed'],
    ['hang', 'failed'],
    ['reply', 'superseded', bytes => ":0\r\n"],
);

for my $case (@cases) {
    my ($fault, $counter, @more) = @$case;

    # set aside, Redis is not asked, and nothing is stored

    ok(wait_until(sub {
        my $n = $fake->count('HGETALL');
        $t->head("/$fault");
        return $fake->count('HGETALL') > $n;
    }), "$fault: Redis is asked");

    my $before = $t->stats('/stats/fake');
    $s3->clear;

    $fake->fault($fault, @more, times => 0, match => qr/^EVAL/);
    is($t->get("/$fault")->body, 'answer', "$fault: the answer");
    ok($t->wait_stats('/stats/fake', 'store', $counter,
        $before->{store}{$counter} + 1), "$fault: counted as $counter");

    ok($s3->wait_requests(qr/^DELETE/, 1), "$fault: deleted");
    is($s3->last(qr/^DELETE/)->{path}, $s3->last(qr/^PUT/)->{path},
        "$fault: what was stored");
    is($s3->count(qr/^PUT/), 1, "$fault: which was stored once");
    is_deeply([$s3->keys], [], "$fault: nothing is left");

    $fake->clear_faults;
}

my $stats = $t->stats('/stats/fake');
is($stats->{store}{stored}, 0, 'nothing was published');
is($stats->{s3}{delete}, scalar @cases, 'deletions counted');

# a Redis that stands still while the record is on its way

$s3->fault('stall', gate => 'put', match => qr/^PUT/);
is($t->get('/real')->body, 'answer', 'late: the answer');
ok($s3->wait_at('put'), 'late: the object is on its way');
$redis->pause;
$s3->release('put');
ok($t->wait_stats('/stats/real', 'store', 'failed', 1), 'late: failed');
ok(wait_until(sub { !$s3->keys }), 'late: the object is deleted');
$redis->resume;
ok(wait_until(sub { $redis->cli('DBSIZE') == 1 }), 'late: but published');

my $r;
ok(wait_until(sub {
    $r = $t->get('/real');
    return $t->stats('/stats/real', 's3', 'not_found');
}), 'late: found to be gone');
is($r->status . ' ' . $r->body, '200 answer', 'late: the answer again');
is($r->header('X-Cache'), 'MISS', 'late: of the upstream');
ok(wait_until(sub { $t->get('/real')->header('X-Cache') eq 'HIT' }),
    'late: a hit in the end');

done_testing();
