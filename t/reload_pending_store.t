#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# A reload takes nothing away: stores that run or wait are completed by the
# old worker, which stays as long as that takes and then leaves; the new one
# has the index, the counters and all that was stored.  Stores dropped at a
# reload would make each one a flood of misses.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::FakeS3;
use QC::Nginx;
use QC::Upstream;
use QC::Util qw/alive/;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $s3 = QC::FakeS3->start(port => port('s3'));
my $up = QC::Upstream->start(port => port('up'), routes => {
    '/slow' => { size => 300_000, at => [[100_000, gate => 'up']] },
    '/*'    => sub { return { size => 100_000, seed => $_[0]{path} } },
});

$t->write_file_expand('nginx.conf', <<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        s3 http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;
        s3_read_timeout 30s;
        store_concurrency 2;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            query_cache z;
            query_cache_valid 1h;
            add_header X-Status $query_cache_status;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /query_cache {
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

sub stored { return $t->stats('/query_cache', 'store', 'stored') }

$t->get('/before');
ok($t->wait_stats('/query_cache', 'store', 'stored', 1), 'one is stored');

# two run, three wait, one is still on its way to the client

$s3->fault('stall', gate => 'put', match => qr/^PUT/, times => 0);
$t->get("/$_") for 1 .. 5;
ok($s3->wait_at('put', 2), 'two are being stored');

my $c = $t->client;
$c->send_request('GET', '/slow');
ok($up->wait_at('up'), 'an answer is under way');

my ($old) = $t->worker_pids;

for my $n (1, 2) {
    ok($t->reload, "reload $n");
    is($t->get('/before')->header('X-Status'), 'HIT', "$n: what there was");
    is(stored(), 1, 'the counters, too');
}

ok(alive($old), 'the old worker is still there');
is($s3->waiting('put'), 2, 'its stores, too');
is($t->get('/1')->header('X-Status'), 'MISS', 'not stored yet');

# the answer under way ends, and is stored by the old worker

$up->release('up');
is($c->read_response->body_length, 300_000, 'the answer under way: whole');
ok($t->wait_log(qr/ $old#\d+: gracefully/), 'the old worker wants to leave');
ok(alive($old), 'but it has stores to do');

$s3->release('put');
ok($t->wait_stats('/query_cache', 'store', 'stored', 7), 'all are stored');
ok(wait_until(sub { !alive($old) }), 'the old worker has left');

for my $uri ((map { "/$_" } 1 .. 5), '/slow') {
    is($t->get($uri)->header('X-Status'), 'HIT', "$uri: a hit");
}

is($t->stats('/query_cache', 'store', $_), 0, "$_: none")
    for qw/failed deadline/;
ok($t->reload(wait => 1), 'with nothing to do a worker leaves at once');

done_testing();
