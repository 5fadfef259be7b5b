#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# A store that S3 does not confirm publishes nothing, whatever the way it
# fails: it is tried again under the same name, then given up and counted.
# The client has had its answer long before.  A record of an object that may
# not be there, or a new name for each attempt, would break this.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Body;
use QC::FakeS3;
use QC::Nginx;
use QC::Services qw/redis/;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);
my $s3 = QC::FakeS3->start(port => port('s3'));
my $redis = redis();

# small enough for one write, and too big for the socket's buffers

my %size = ('/small' => 2000, '/big' => 3_000_000);
my $up = QC::Upstream->start(port => port('up'), routes => {
    map { $_ => { size => $size{$_}, kind => 'random',
        headers => ['Cache-Control' => 'max-age=600'] } } keys %size
});

$t->write_file_expand('nginx.conf', <<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        redis @{[$redis->url]};
        s3 http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=XyZ;
        s3_read_timeout 200ms;
        s3_send_timeout 1s;
        s3_max_fails 1000;
        s3_backoff 5ms 10ms;
        store_retries 1;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            query_cache z;
            query_cache_compress none;
            add_header X-Cache \$query_cache_status always;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /stats {
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

# name, uri, counter of s3, fault and its parameters

my @cases = (
    ['refused', '/small', 'unreachable'],
    ['403', '/small', 'denied', 'status', status => 403],
    ['500', '/small', 'bad_status', 'status', status => 500],
    ['503', '/small', 'slow_down', 'status', status => 503],
    ['404', '/small', 'bad_status', 'status', status => 404],
    ['redirect', '/small', 'bad_status', 'status', status => 301],
    ['silent', '/small', 'timeouts', 'hang'],
    ['reset', '/small', 'unreachable', 'reset'],
    ['closed', '/small', 'unreachable', 'close'],
    ['garbage', '/small', 'unreachable', 'garbage'],
    ['reset, big', '/big', 'unreachable', 'reset'],
    ['silent, big', '/big', 'timeouts', 'hang'],
    ['403, big, early', '/big', 'denied', 'status', status => 403,
        early => 1],
    ['unread, big', '/big', 'timeouts', 'unread', gate => 'never'],
);

for my $case (@cases) {
    my ($name, $uri, $counter, $fault, @more) = @$case;

    my $before = $t->stats('/stats');
    $s3->clear;

    $s3->refuse, $s3->drop unless $fault;
    $s3->fault($fault, @more, times => 0, match => qr/^PUT/) if $fault;

    my $r = $t->get($uri);
    is(join(' ', $r->status, $r->header('X-Cache'), $r->body_length),
        "200 MISS $size{$uri}", "$name: the answer");

    ok($t->wait_stats('/stats', 'store', 'failed',
        $before->{store}{failed} + 1), "$name: given up");

    my $after = $t->stats('/stats');
    is($after->{store}{retried}, $before->{store}{retried} + 1,
        "$name: tried once more");
    cmp_ok($after->{s3}{$counter}, '>', $before->{s3}{$counter},
        "$name: counted as $counter");
    is($after->{store}{stored}, 0, "$name: not stored");
    is($redis->cli('DBSIZE'), 0, "$name: not published");

    my %names = map { $_->{path} => 1 } $s3->requests(qr/^PUT/);
    cmp_ok(scalar keys %names, '==', $fault ? 1 : 0, "$name: one name");

    $s3->accept;
    $s3->clear_faults;

    ok(wait_until(sub {
        my @back = $t->error_log(qr/is back in query cache zone/);
        return @back == $t->stats('/stats', 's3', 'down');
    }), "$name: s3 is back");
}

is_deeply([$s3->keys], [], 'no objects');

# what was set aside comes back by itself

ok(wait_until(sub { $t->get('/small')->header('X-Cache') eq 'HIT' }),
    'stored in the end');

for my $what ('failed, access was denied', 'failed, unexpected status',
              'failed, it asks to slow down', 'failed, it timed out',
              'failed, no answer was had', 'set aside')
{
    is(scalar(my @lines = $t->error_log(qr/$what.*query cache zone/)), 1,
        "logged once: $what");
}

is(scalar(my @lines = $t->error_log(qr/XyZ|authorization:|Signature=/i)), 0,
    'no secrets logged');

done_testing();
