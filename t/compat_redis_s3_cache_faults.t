#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# In the layout of redis-s3-cache an object has the name of its key: what is
# wrong with one is never repaired by deleting it.  Stores that fail halfway
# leave it, probes ask for it, and a disk in front has copies of our own
# only.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use POSIX qw/strftime/;

use QC::FakeS3;
use QC::Nginx;
use QC::Services qw/redis/;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $redis = redis();
my $s3 = QC::FakeS3->start(port => port('s3'));
my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => { body => '["nginx"]', headers => ['Content-Type' =>
        'application/json'] },
});

$t->write_file_expand('nginx.conf', <<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        layout redis-s3-cache;
        redis @{[$redis->url]};
        redis_backoff 10ms 20ms;
        s3 http://127.0.0.1:%%PORT_s3%% bucket=b prefix=p access_key=a
           secret_key=s;
        s3_backoff 20ms 50ms;
        store_retries 0;
    }

    query_cache_zone d {
        layout redis-s3-cache;
        redis @{[$redis->url('/1')]};
        s3 http://127.0.0.1:%%PORT_s3%% bucket=b prefix=d access_key=a
           secret_key=s;
        disk %%TESTDIR%%/disk;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        query_cache z;
        query_cache_valid 200 10m;
        query_cache_no_store \$http_x_look;
        add_header X-Cache \$query_cache_status always;
        add_header X-Reason \$query_cache_reason always;
        add_header X-Tier \$query_cache_tier always;
        add_header X-Key \$query_cache_key always;

        location / {
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /disk {
            query_cache d;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /stats {
            query_cache off;
            query_cache_admin z;
        }

        location = /stats/d {
            query_cache off;
            query_cache_admin d;
        }
    }
}

EOF

$t->run;

sub theirs {
    my ($key, $bytes, @more) = @_;

    $s3->put("/b/p/$key.json", $bytes);
    $redis->cli('HSET', "qc:$key", 's3_path', "$key.json", 'created_at',
        time(), 'ttl', 60, 'size_bytes', length $bytes, 'format', 'json',
        'compression', 'none', @more);
}

sub says {
    my ($uri) = @_;

    my $r = $t->get($uri, headers => ['X-Look' => 1]);

    return $r->header('X-Cache') . ' ' . $r->body;
}

my $upstream = 'MISS ["nginx"]';

# the age of an object of theirs

my $key = $t->head('/?query=a')->header('X-Key');
theirs($key, '["python"]');
is(says('/?query=a'), 'HIT ["python"]', 'theirs');

for my $case ([55, 'HIT ["python"]'], [61, $upstream], [-600,
    'HIT ["python"]'])
{
    my ($age, $want) = @$case;

    $s3->fault('meta', match => qr/^GET/, headers => { 'last-modified' =>
        strftime('%a, %d %b %Y %H:%M:%S GMT', gmtime(time() - $age)) });
    is(says('/?query=a'), $want, "written $age s ago");
}

$s3->fault('meta', match => qr/^GET/, headers => { 'last-modified' => 'x' });
is(says('/?query=a'), 'HIT ["python"]', 'written at no time that can be told');

# an answer of S3 that is not whole

for my $fault (qw/cut reset_body length/) {
    $s3->fault($fault, match => qr/^GET/, by => 3);
    is(says('/?query=a'), $upstream, "$fault: the upstream");
}

$s3->fault('flip', match => qr/^GET/, at => 0);
is(says('/?query=a'), $upstream, 'no JSON any more');

$s3->fault('body', match => qr/^GET/, bytes => '[1234567]');
is(says('/?query=a'), $upstream, 'of another length');

is(says('/?query=a'), 'HIT ["python"]', 'and it is still there');

# S3 is set aside: the probe asks for an object by its key

$s3->fault('reset', times => 3, match => qr/^GET/);
is(says('/?query=a'), $upstream, 'a reset');
ok(wait_until(sub { says('/?query=a') =~ /^HIT/ }, 10), 'S3 is back');
is($s3->last(qr/^HEAD/)->{path}, "/b/p/$key.json", 'the probe');

# the object is stored, the record is not: nothing is deleted

$redis->cli('CONFIG', 'SET', 'maxmemory', 1);
my $r = $t->get('/?query=b');
ok($t->wait_stats('/stats', 'store', 'failed', 1), 'a store that failed');
$key = $r->header('X-Key');
ok($s3->object("/b/p/$key.json"), 'its object stays');
$redis->cli('CONFIG', 'SET', 'maxmemory', 0);
theirs($key, '["python"]');
is(says('/?query=b'), 'HIT ["python"]', 'and does not stand in the way');

# a PUT that nobody answers

$s3->fault('lost', match => qr/^PUT/, times => 3);
$r = $t->get('/?query=c');
ok($t->wait_stats('/stats', 'store', 'failed', 2), 'another');
ok($s3->object('/b/p/' . $r->header('X-Key') . '.json'), 'its object stays');
ok(wait_until(sub { $t->get('/?query=c')->header('X-Cache') eq 'HIT' }, 10),
    'it is stored later');

# a disk in front has what the record says, whatever S3 has by now

$r = $t->get('/disk?query=d');
ok($t->wait_stats('/stats/d', 'store', 'stored', 1), 'stored');
$key = $r->header('X-Key');
$s3->put("/b/d/$key.json", '["python"]');
$r = $t->get('/disk?query=d');
is($r->header('X-Cache') . ' ' . $r->header('X-Tier'), 'HIT disk',
    'ours, from the disk');
is($r->body, '["nginx"]', 'its body');

$redis->cli('-n', 1, 'HSET', "qc:$key", 'created_at', time() + 1, 'ttl', 60,
    'size_bytes', 10, 'compression', 'none');
$r = $t->get('/disk?query=d');
is($r->header('X-Cache') . ' ' . ($r->header('X-Tier') // ''), 'HIT s3',
    'theirs, from S3');
is($r->body, '["python"]', 'its body');

is($s3->count(qr/^DELETE/), 0, 'nothing was ever deleted');

done_testing();
