#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# A record that cannot be published is given up: clients see nothing of it,
# the object nobody will ever know is deleted, and the next fill is stored
# when Redis is well.  Fails if an object is left behind, or if an answer
# that is not there is counted as stored.

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

my $redis = QC::FakeRedis->start(port => port('redis'), eval => sub {
    my ($fake, $keys, $args) = @_;

    my (undef, undef, undef, %fields) = @$args;
    $fake->ctl_set_hash($keys->[0], \%fields);

    return QC::FakeRedis::integer(1);
});

my $s3 = QC::FakeS3->start(port => port('s3'));
my $up = QC::Upstream->start(port => port('up'),
    routes => { '/*' => { body => 'rows' } });

$t->write_file_expand('nginx.conf', <<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        redis redis://127.0.0.1:%%PORT_redis%%;
        redis_timeout 100ms;
        redis_backoff 10ms 20ms;
        s3    http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;
        store_retries 0;
    }

    query_cache_zone retries {
        redis redis://127.0.0.1:%%PORT_redis%% prefix=r:;
        s3    http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;
        store_retries 2;
    }

    add_header X-Status $query_cache_status;
    query_cache_valid 10m;

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            query_cache z;
            proxy_pass  http://127.0.0.1:%%PORT_up%%;
        }

        location /again {
            query_cache retries;
            proxy_pass  http://127.0.0.1:%%PORT_up%%;
        }

        location = /stats {
            query_cache_admin z;
        }

        location = /retries {
            query_cache_admin retries;
        }
    }
}

EOF

$t->run;

# name: counter of store, counter of redis, fault

my @cases = (
    [closed     => 'failed', 'down', 'close'],
    [silent     => 'failed', 'timeouts', 'hang'],
    [garbage    => 'failed', 'protocol_errors', 'garbage'],
    [string     => 'failed', 'errors', 'reply', bytes => "\$1\r\n1\r\n"],
    [newer      => 'superseded', '', 'reply', bytes => ":0\r\n"],
    (map { [$_ => 'failed', 'errors', $_] }
        qw/loading readonly noauth oom busy masterdown noscript/),
    ['no rights' => 'failed', 'errors', 'error',
     text => "NOPERM this user has no permissions to run 'eval'"],
    ['no scripts' => 'failed', 'errors', 'error',
     text => "ERR unknown command 'EVAL'"],
);

my $stored = 0;

for my $case (@cases) {
    my ($name, $counter, $seen, $fault, @more) = @$case;

    (my $uri = "/$name") =~ tr/ /_/;
    my $before = $t->stats('/stats');
    $redis->fault($fault, @more, match => qr/^EVAL/);

    my $r = $t->get($uri);
    is(join(' ', $r->status, $r->header('X-Status'), $r->body),
        '200 MISS rows', "$name: the answer");

    ok($t->wait_stats('/stats', 'store', $counter,
        $before->{store}{$counter} + 1), "$name: given up");
    is($t->stats('/stats', 'store', 'stored'), $stored, "$name: not stored");
    cmp_ok($t->stats('/stats', 'redis', $seen), '>',
        $before->{redis}{$seen}, "$name: counted as $seen") if $seen;
    ok(wait_until(sub { $s3->keys == $stored }), "$name: no object is left");

    # Redis may be set aside at first
    ok(wait_until(sub { $t->get($uri)->header('X-Status') eq 'HIT' }),
        "$name: then it is stored");
    $stored++;
}

$redis->fault('busy', match => qr/^EVAL/, times => 2);
is($t->get('/again')->body, 'rows', 'to be tried again');
ok($t->wait_stats('/retries', 'store', 'stored', 1), 'stored');
is($t->stats('/retries', 'store', 'retried'), 2, 'at the third attempt');
is($t->get('/again')->header('X-Status'), 'HIT', 'a hit');
is($s3->count(qr{^PUT}), @cases * 2 + 1, 'one object for all attempts')
    or diag($s3->count(qr{^PUT}));

is(scalar $t->error_log(qr/redis (?:refused|answered).*cache zone "z"/), 1,
    'logged once');

done_testing();
