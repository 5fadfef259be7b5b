#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# A reload can change a zone: its limits, its backends, a zone more or less.
# What is cached stays where the backend stays, a wrong configuration leaves
# the old one at work, and other memory begins anew.  Fails if the shared
# part depends on the cycle that made it.

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
my $up = QC::Upstream->start(port => port('up'),
    routes => { '/*' => sub { return { body => "answer $_[1]" } } });

my $disk = 'disk %%TESTDIR%%/disk';
my $bucket = 's3 http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a'
    . ' secret_key=s;';
my $url = 'redis ' . $redis->url . ';';

sub conf {
    my ($zone, $more) = @_;

    $t->write_file_expand('nginx.conf', <<"EOF");

%%TEST_GLOBALS%%

worker_processes 2;

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z { $zone }
    @{[$more // '']}

    query_cache_valid 10m;
    add_header        X-Status "\$query_cache_status/\$query_cache_tier";

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            query_cache z;
            proxy_pass  http://127.0.0.1:%%PORT_up%%;
        }

        @{[$more ? 'location /new/ { query_cache new;'
            . ' proxy_pass http://127.0.0.1:%%PORT_up%%; }' : '']}

        location = /stats {
            query_cache_admin z;
        }
    }
}

EOF
}

sub get {
    my ($uri) = @_;

    my $r = $t->get($uri);

    return $r->header('X-Status') . ' ' . $r->body;
}

# a miss, answer $n of the upstream, and then a hit in that tier

my $answers = 0;

sub filled {
    my ($why, $uri, $tier) = @_;

    my $n = $t->stats('/stats', 'store', 'stored');
    $answers++;
    is(get($uri), "MISS/ answer $answers", "$why: a miss");
    ok($t->wait_stats('/stats', 'store', 'stored', $n + 1), "$why: stored");
    is(get($uri), "HIT/$tier answer $answers", "$why: a hit");
}

sub reload {
    my ($why, @conf) = @_;

    conf(@conf);
    ok($t->reload(wait => 1), "$why: reload");
}

conf("$disk;");
$t->run;
filled('disk', '/a', 'disk');

reload('limits', "$disk max_size=1m min_free=1k; hold 0; store_queue 7;");
is(get('/a'), 'HIT/disk answer 1', 'limits: a hit');
is($t->stats('/stats', 'store', 'stored'), 1, 'limits: counters go on');

# as of nginx's own caches, the folder is not to be changed under way

$t->todo_alerts(qr/previously it used the/);
conf('disk %%TESTDIR%%/other;');
kill 'HUP', $t->master_pid;
ok($t->wait_log(qr/"z" uses the ".*other" path while previously it used/),
    'another folder: refused');
is(get('/a'), 'HIT/disk answer 1', 'another folder: the old one is at work');

reload('s3 behind the disk', "$disk; $bucket");
filled('s3 behind the disk', '/b', 'disk');
is(scalar $s3->keys, 1, 's3 behind the disk: in both');

reload('s3', $bucket);
is(get('/b'), "HIT/s3 answer $answers", 's3: a hit');
filled('s3', '/c', 's3');

reload('redis', "$url $bucket");
filled('redis', '/c', 's3');
is($redis->cli('DBSIZE'), 1, 'redis: the record is there');

reload('redis and disk', "$url $bucket $disk; redis_timeout 1s;");
is(get('/c'), "HIT/s3 answer $answers", 'redis and disk: a hit');
filled('redis and disk', '/d', 'disk');

reload('a zone more', "$url $bucket", 'query_cache_zone new { memory 1m;'
    . ' disk %%TESTDIR%%/new; }');
is(get('/d'), "HIT/s3 answer $answers", 'a zone more: the other has its own');
$answers++;
is(get('/new/'), "MISS/ answer $answers", 'a zone more: a miss');
ok(wait_until(sub { get('/new/') =~ /^HIT/ }), 'a zone more: a hit');

conf("nonsense; $url $bucket");
$t->todo_alerts(qr/unknown directive "nonsense" in query_cache_zone/);
ok(!$t->reload, 'wrong: refused');
like(get('/new/'), qr{^HIT/disk}, 'wrong: the old one is at work');

reload('a zone less', "$url $bucket");
is(get('/d'), 'HIT/s3 answer ' . ($answers - 1), 'a zone less: a hit');

# its marks are as many as at first

reload('marks', "marks 64; $url $bucket");
ok($t->wait_log(qr/query cache zone "z" has 8192 "marks" until nginx is rest/),
    'marks: not changed');
reload('no marks', "marks 0; $url $bucket");
reload('locks', "locks 64; $url $bucket");
ok($t->wait_log(qr/query cache zone "z" has 1024 "locks" until nginx is rest/),
    'locks: not changed');
reload('invalidations', "invalidations 64; $url $bucket");
ok($t->wait_log(qr/query cache zone "z" has 8192 "invalidations" until nginx/),
    'invalidations: not changed');

# shared memory of another size is another memory

reload('memory', "memory 2m; $disk;");
is($t->stats('/stats', 'request', 'hit'), 0, 'memory: begins anew');
$answers = $up->count;
filled('memory', '/e', 'disk');

done_testing();
