#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# On a file system that has become read-only what is there is served, also
# after a restart, nothing is stored, and no client sees any of it; when it
# can be written again, it is.  Fails if a hit needs to write, or if each
# failed store is logged.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Tmpfs qw/remount tmpfs/;

use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);
my $dir = tmpfs($t->testdir . '/disk', 'size=4m');

my $up = QC::Upstream->start(port => port('up'),
    routes => { '/*' => sub { return { body => "rows of $_[0]{path}" } } });

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
            query_cache       z;
            query_cache_valid 10m;
            add_header        X-Status \$query_cache_status;
            proxy_pass        http://127.0.0.1:%%PORT_up%%;
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

    return join ' ', $r->status, $r->header('X-Status'), $r->body;
}

is(get('/old'), '200 MISS rows of /old', 'a miss');
ok($t->wait_stats('/stats', 'store', 'stored', 1), 'stored');

remount($dir, 'ro');

for my $n (1 .. 10) {
    is(get("/new$n"), "200 MISS rows of /new$n", "read-only: request $n");
}

ok($t->wait_stats('/stats', 'store', 'failed', 10), 'nothing is stored');
is($t->stats('/stats', 'disk', 'errors'), 10, 'counted');
is(get('/old'), '200 HIT rows of /old', 'what is there is served');

ok($t->quit, 'quit');
$t->run;

ok($t->wait_stats('/stats', 'disk', 'loaded', 1), 'restart: indexed');
is(get('/old'), '200 HIT rows of /old', 'restart: served');
is(get('/new1'), '200 MISS rows of /new1', 'restart: a miss');
ok($t->wait_stats('/stats', 'store', 'failed', 1), 'restart: not stored');

remount($dir, 'rw');

is(get('/new1'), '200 MISS rows of /new1', 'writable: a miss');
ok($t->wait_stats('/stats', 'store', 'stored', 1), 'writable: stored');
is(get('/new1'), '200 HIT rows of /new1', 'writable: a hit');

my @lines = $t->error_log(qr/\[crit\].*query cache zone "z"/);
is(scalar @lines, 2, 'logged once by each nginx');
like($_, qr/failed in .* \(30: Read-only file system\)/, 'with the cause')
    for @lines;

done_testing();
