#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# min_free leaves that much of the file system to others: files make room
# before a new one is written, and by themselves when others write.  Fails
# if only our own size is watched.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Tmpfs qw/tmpfs/;

use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);
my $dir = tmpfs($t->testdir . '/disk', 'size=2m');

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => sub { return { body => substr "$_[0]{path} " x 60_000, 0,
        180_000 } },
});

$t->write_file_expand('nginx.conf', <<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        disk $dir max_size=1g min_free=1m;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            query_cache          z;
            query_cache_valid    10m;
            query_cache_compress none;
            add_header           X-Status \$query_cache_status;
            proxy_pass           http://127.0.0.1:%%PORT_up%%;
        }

        location = /stats {
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

sub room { return (split ' ', (split /\n/, qx{df -B1 $dir})[1])[3] }

for my $n (1 .. 12) {
    is($t->get("/$n")->header('X-Status'), 'MISS', "$n: a miss");
    ok($t->wait_stats('/stats', 'store', 'stored', $n), "$n: stored");
    cmp_ok(room(), '>=', 1 << 20, "$n: room is left");
}

is($t->get("/12")->header('X-Status'), 'HIT', 'the last one is there');
is($t->get("/1")->header('X-Status'), 'MISS', 'the first is not');
ok($t->wait_stats('/stats', 'store', 'stored', 13), 'stored again');

my $files = $t->stats('/stats', 'disk', 'files');
cmp_ok($files, '>=', 4, 'what may be used is used');

# others write

spew("$dir/others", 'x' x 400_000);
cmp_ok(room(), '<', 1 << 20, 'others write');
ok(wait_until(sub { room() >= 1 << 20 }), 'the manager makes room');
cmp_ok($t->stats('/stats', 'disk', 'files'), '<=', $files - 2, 'of ours');
is($t->get("/1")->header('X-Status'), 'HIT', 'not of the last used');

# they take all that may be ours

spew("$dir/others", 'x' x 1_200_000);
ok(wait_until(sub { $t->stats('/stats', 'disk', 'files') == 0 }), 'all gone');

for my $n (1 .. 3) {
    my $r = $t->get('/20');
    is($r->header('X-Status') . $r->body_length, 'MISS180000',
        "no room: answer $n");
    ok($t->wait_stats('/stats', 'disk', 'full', $n), 'not stored');
}

ok(-e "$dir/others", 'what is not ours stays');
is($t->stats('/stats', 'disk', 'errors'), 0, 'no errors');

done_testing();
