#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# A full file system costs no client anything: what does not fit is not
# stored, older files make room if that helps, nothing half-written stays,
# and it is logged once.  Fails if ENOSPC leaves a file, or an entry, or
# empties the cache in vain.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Tmpfs qw/remount tmpfs/;

use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);
my $dir = tmpfs($t->testdir . '/disk', 'size=1m');

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/big/*'   => sub { return { body => "$_[0]{path} " x 45_000 } },
    '/small/*' => sub { return { body => "$_[0]{path} " x 1000 } },
});

$t->write_file_expand('nginx.conf', <<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        disk $dir;
        store_retries 0;
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

sub get {
    my ($uri) = @_;

    my $r = $t->get($uri);
    my $n = $uri =~ /big/ ? 45_000 : 1000;

    return $r->header('X-Status') . ($r->status == 200
        && $r->body eq "$uri " x $n ? '' : ' but not the answer');
}

sub stored {
    my ($uri, $n) = @_;

    is(get($uri), 'MISS', "$uri: a miss");
    ok($t->wait_stats('/stats', 'store', 'stored', $n), "$uri: stored");
    is(get($uri), 'HIT', "$uri: a hit");
}

sub count { return scalar(my @files = glob "$dir/$_[0]") }

sub room { return (split ' ', (split /\n/, qx{df -B1 $dir})[1])[3] }

# others take nearly all: to evict what is there would not be enough

stored('/small/1', 1);
spew("$dir/others", 'x' x (room() - 100_000));

for my $n (1 .. 5) {
    is(get('/big/1'), 'MISS', "no room: request $n");
    ok($t->wait_stats('/stats', 'store', 'failed', $n), 'not stored');
}

is(get('/small/1'), 'HIT', 'no room: what is there is used');
is($t->stats('/stats', 'disk', 'evicted'), 0, 'nothing is evicted in vain');
is($t->stats('/stats', 'disk', 'full'), 5, 'counted');

# 315 KB each: three fit, and room is made for more

unlink "$dir/others";
stored("/big/$_", $_ + 1) for 1 .. 4;
is($t->stats('/stats', 'disk', 'evicted'), 2, 'room is made');
is(count('1/*/*'), 3, 'three are there');
is(get("/big/$_"), 'HIT', "$_ is one of them") for 2 .. 4;

# the file system says there is room, and then there is none

my @all = map { glob "$dir$_" } '', '/*', '/1/*', '/1/*/*';
remount($dir, 'size=4m,nr_inodes=' . @all);

is(get('/small/2'), 'MISS', 'no inodes: a miss');
ok($t->wait_stats('/stats', 'store', 'failed', 6), 'no inodes: not stored');
is($t->stats('/stats', 'disk', 'full'), 6, 'counted');
is($t->stats('/stats', 'disk', 'errors'), 0, 'as what it is');
stored('/small/2', 6);

remount($dir, 'nr_inodes=1000');
stored('/small/3', 7);

is(count('tmp/*'), 0, 'no temporary file is left');
is(scalar $t->error_log(qr/no room for a file of \d+ bytes/), 1,
    'logged once');

done_testing();
