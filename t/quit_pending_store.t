#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# QUIT completes the stores that run or wait, body and record, before the
# worker leaves: the next start has them.  TERM drops them at once, and
# leaves no record whose object is not there.  A worker that never left, or
# a record written before its object, would break it.

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
my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => sub { return { size => 100_000, seed => $_[0]{path} } },
});

$t->write_file_expand('nginx.conf', <<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        redis ${\$redis->url};
        s3 http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;
        s3_read_timeout 30s;
        store_concurrency 2;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            query_cache z;
            query_cache_valid 1h;
            add_header X-Status \$query_cache_status;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /query_cache {
            query_cache_admin z;
        }
    }
}

EOF

# Redis is asked for in the background: the first answer may come before it

sub ready {
    my ($name) = @_;

    ok(wait_until(sub {
        $t->get('/ready');
        return $t->get('/ready')->header('X-Status') eq 'HIT';
    }), "$name: Redis and S3 are in use");
}

# every record has its object

sub consistent {
    my ($name) = @_;

    my %objects = map { $_ => 1 } $s3->keys;

    for my $key (split /\n/, $redis->cli('KEYS', 'qc:*')) {
        my $path = $redis->cli('HGET', $key, 's3_path');
        ok($objects{"/b/$path"}, "$name: a record has its object");
    }
}

sub pending {
    my ($name, @uris) = @_;

    $s3->hold('put');
    $s3->clear_faults;
    $s3->fault('stall', gate => 'put', match => qr/^PUT/, times => 0);
    $t->get($_) for @uris;
    ok($s3->wait_at('put', 2), "$name: two run, others wait");
}

my @uris = map { "/quit/$_" } 1 .. 5;

$t->run;
ready('QUIT');
pending('QUIT', @uris);

my ($worker) = $t->worker_pids;
kill 'QUIT', $t->master_pid;
ok($t->wait_log(qr/ $worker#\d+: gracefully/), 'QUIT: the worker leaves');
ok(!$t->quit(0.3), 'QUIT: not before it has stored all');
$s3->release('put');
ok($t->quit, 'QUIT: then it does');
is($redis->cli('DBSIZE'), 6, 'QUIT: the records are there');
consistent('QUIT');

$t->run;
ready('QUIT, again');
is($t->get($_)->header('X-Status'), 'HIT', "$_: a hit of the next start")
    for @uris;

# TERM: at once, whatever there is to do

pending('TERM', map { "/term/$_" } 1 .. 5);
ok(QC::Nginx::stop_by($t, 'TERM'), 'TERM: at once');
$s3->release('put');
$s3->clear_faults;

is($redis->cli('DBSIZE'), 6, 'TERM: no record of what was not stored');
consistent('TERM');

$t->run;
ready('TERM, again');

for my $n (1 .. 5) {
    my $r = $t->get("/term/$n");
    is($r->header('X-Status') . $r->body_length, 'MISS100000',
        "/term/$n: from the upstream");
}

ok($t->wait_stats('/query_cache', 'store', 'stored', 5), 'and stored');
consistent('at last');

done_testing();
