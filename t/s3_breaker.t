#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# While S3 fails it is set aside: hits go to the upstream at once, without a
# connection to S3, and nothing is stored; probes (HEAD, one at a time) find
# out when it is back, and then hits are hits again by themselves.  Each change
# is logged once.  A connection per request, or a probe that needs a request,
# would break this.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::FakeS3;
use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);
my $s3 = QC::FakeS3->start(port => port('s3'));

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/a' => [
        { body => 'stored', headers => ['Cache-Control' => 'max-age=600'] },
        { body => 'upstream', headers => ['Cache-Control' => 'no-store'] },
    ],
    '/new*' => { body => 'new', headers => ['Cache-Control' => 'max-age=9'] },
});

$t->write_file_expand('nginx.conf', <<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        s3 http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;
        s3_read_timeout 200ms;
        s3_max_fails 3;
        s3_backoff 200ms 200ms;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            query_cache z;
            add_header X-Cache $query_cache_status always;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /stats {
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

sub body { return $t->get($_[0])->body }

sub is_back { return wait_until(sub { body('/a') eq 'stored' }) }

is(body('/a'), 'stored', 'a miss');
ok($t->wait_stats('/stats', 'store', 'stored', 1), 'stored');
is(body('/a'), 'stored', 'a hit');

# three failures in a row that say little; one in between that worked

$s3->fault('status', status => 500, times => 0, match => qr/^GET/);
is(body('/a'), 'upstream', "500, $_") for 1, 2;
$s3->clear_faults;
is(body('/a'), 'stored', 'works in between');
is($t->stats('/stats', 's3', 'down'), 0, 'not set aside yet');

$s3->fault('status', status => 500, times => 0, match => qr/^(?:GET|HEAD)/);
is(body('/a'), 'upstream', "500 again, $_") for 1 .. 3;
is($t->stats('/stats', 's3', 'down'), 1, 'set aside');

my $gets = $s3->count(qr/^GET/);
my $misses = $t->stats('/stats', 'reason', 'store_down');

is(body('/a'), 'upstream', "set aside, $_") for 1 .. 20;

is($s3->count(qr/^GET/), $gets, 'no client asks it');
is($t->stats('/stats', 'reason', 'store_down'), $misses + 20,
    'which is counted');

ok($t->wait_stats('/stats', 's3', 'probe', 3), 'probes go on');
is($s3->count(qr/^PUT/), 1, 'nothing was stored');
is($s3->last(qr/^HEAD/)->{path}, $s3->last(qr/^GET/)->{path},
    'they ask for what failed');

$s3->clear_faults;
my $heads = $s3->count(qr/^HEAD/);
ok($s3->wait_requests(qr/^HEAD/, $heads + 1), 'a probe without a request');
ok($t->wait_log(qr/is back in query cache zone/), 'it is back');
is(body('/a'), 'stored', 'a hit again');

# no connection, and silence, say all at once

$s3->refuse;
$s3->drop;
is(body('/a'), 'upstream', 'refused');
is($t->stats('/stats', 's3', 'down'), 2, 'set aside at once');
is(body('/a'), 'upstream', "refused, $_") for 1 .. 20;
$s3->accept;
ok(is_back(), 'back again');

$s3->fault('hang', times => 2, match => qr/^GET/);
is(body('/a'), 'upstream', 'silent');
is($t->stats('/stats', 's3', 'down'), 3, 'set aside at once');
my $connections = $s3->connections;
is(body('/a'), 'upstream', "silent, $_") for 1 .. 5;
cmp_ok($s3->connections, '<=', $connections + 1, 'no connections for them');
ok(is_back(), 'back once more');

# stores are let through when it is time, one at a time, and are skipped before

$s3->fault('status', status => 503, times => 0);
is(body('/a'), 'upstream', "503, $_") for 1 .. 3;
is(body('/new'), 'new', 'a new answer');
is($t->stats('/stats', 'store', 'failed'), 0, 'is not even tried');
is($s3->count(qr/^PUT/), 1, 'no PUT');
$s3->clear_faults;
ok(is_back(), 'back for the last time');

my %lines = ('is set aside' => 1, 'is back' => 4,
    'failed, unexpected status' => 1, 'failed, no answer' => 1,
    'failed, it timed out' => 1, 'slow down, status 503' => 1);

for my $text (sort keys %lines) {
    is(scalar(my @found = $t->error_log(qr/s3.*$text/)), $lines{$text},
        "lines of the log: $text");
}

done_testing();
