#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# An object that S3 says is not there (404) is no fault: the upstream answers,
# the entry is dropped at once, the new answer is stored under a new name and
# served.  S3 is not set aside for it.  Keeping the entry, or counting the 404
# as a failure of S3, would break this.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Body;
use QC::Nginx;
use QC::Services qw/redis rgw/;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);
my $s3 = rgw();
my $redis = redis();

my %size = ('/small' => 2000, '/big' => 200_000);
my @fresh = (headers => ['Cache-Control' => 'max-age=600']);
my @never = (headers => ['Cache-Control' => 'no-store']);

my $up = QC::Upstream->start(port => port('up'), routes => {
    map { $_ => { size => $size{$_}, @fresh } } keys %size
});

$t->write_file_expand('nginx.conf', <<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        redis @{[$redis->url]};
        s3 @{[$s3->endpoint]} bucket=@{[$s3->bucket]}
           access_key=@{[$s3->access]} secret_key=@{[$s3->secret]};
        s3_max_fails 1;
        hold 10k;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            query_cache z;
            add_header X-Cache \$query_cache_status always;
            add_header X-Key \$query_cache_key always;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /stats {
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

my $stored = 0;

for my $uri ('/small', '/big') {
    my $md5 = QC::Body->new(size => $size{$uri})->md5;

    my $r = $t->get($uri);
    is($r->header('X-Cache'), 'MISS', "$uri: a miss");
    my $key = 'qc:' . $r->header('X-Key');

    my ($name) = wait_until(sub { $redis->cli('HGET', $key, 's3_path') });
    ok($s3->head($name), "$uri: stored");
    is($t->get($uri)->header('X-Cache'), 'HIT', "$uri: a hit");
    ok($t->wait_stats('/stats', 'store', 'stored', ++$stored),
        "$uri: the store is done");

    # gone, with an upstream whose answer is not stored

    $s3->delete($name);
    $up->set($uri => { size => $size{$uri}, @never });

    $r = $t->get($uri);
    is($r->status . ' ' . $r->body_md5, "200 $md5", "$uri: gone");
    is($r->header('X-Cache'), 'MISS', "$uri: gone, a miss");
    ok(wait_until(sub { !$redis->cli('EXISTS', $key) }), "$uri: dropped");

    $r = $t->get($uri);
    is($r->header('X-Cache'), 'MISS', "$uri: a miss again");

    $up->set($uri => { size => $size{$uri}, @fresh });
    $t->get($uri);
    ok($t->wait_stats('/stats', 'store', 'stored', ++$stored),
        "$uri: stored again");

    isnt($redis->cli('HGET', $key, 's3_path'), $name, "$uri: a new object");
    $r = $t->get($uri);
    is($r->header('X-Cache') . $r->body_md5, "HIT$md5", "$uri: a hit again");
}

my $stats = $t->stats('/stats');
is($stats->{s3}{not_found}, 2, 'counted as not found');
is($stats->{reason}{object_gone}, 2, 'counted as the reason');
is($stats->{store}{dropped}, 2, 'counted as dropped');
is($stats->{s3}{down} + $stats->{s3}{bad_status}, 0, 'no fault of s3');

done_testing();
