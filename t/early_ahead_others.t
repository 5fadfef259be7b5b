#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Of entries that redis-s3-cache has stored, those are fetched ahead that were
# hit often enough, each counted for itself.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Nginx;
use QC::S3Cache;
use QC::Services qw/redis rgw/;
use QC::Upstream;
use QC::Util qw/wait_until/;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);
my ($redis, $s3) = (redis(), rgw());
my $py = QC::S3Cache->new(redis => $redis, s3 => $s3);

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => { body => '{"from":"upstream"}', gate => 'held',
        headers => ['Content-Type' => 'application/json'] },
});

$t->write_file_expand('nginx.conf', <<"EOC");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        layout redis-s3-cache;
        redis @{[$redis->url]};
        s3 @{[$s3->endpoint]} bucket=@{[$s3->bucket]} prefix=query-cache
           access_key=@{[$s3->access]} secret_key=@{[$s3->secret]};
        fill_concurrency 16;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            query_cache z;
            query_cache_valid 200 10m;
            query_cache_refresh_ahead 1% uses=3;
            add_header X-Cache \$query_cache_status always;
            add_header X-Age \$query_cache_age always;
            add_header X-Key \$query_cache_key always;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /stats {
            query_cache_admin z;
        }
    }
}

EOC

$t->run;

sub ahead { return $t->stats('/stats', 'fill', 'ahead') }


my @uris = map { "/?query=SELECT+'$_'" } 'a' .. 'f';

$up->release('held');
$py->put(scalar $t->head($_)->header('X-Key'), { from => 'the library' }, 60,
    undef, 'none') for @uris;
$up->ask('hold', 'held');

for my $uri (@uris) {
    ok(wait_until(sub { ($t->head($uri)->header('X-Age') // 0) > 1 }),
        "$uri: of 60 s more than a hundredth is over");
}

for my $n (1, 2) {
    is($t->get($_)->header('X-Cache'), 'HIT', "$_: hit $n") for @uris;
}

is(ahead(), 0, 'none was hit often enough');

is($t->get($uris[2])->header('X-Cache'), 'HIT', 'hit 3 of one');
is(ahead(), 1, 'it is fetched ahead');

$up->release('held');

done_testing();
