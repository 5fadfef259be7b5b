#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# A client that leaves while its answer is captured takes the capture with
# it: nothing is stored, and its memory and files are free again, so that
# the next answer fits.  What is half captured must not be stored as whole.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $size = 400_000;
my %answer = (size => $size, kind => 'random', at => [[300_000, gate => 'g']]);

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/memory/length'  => { %answer },
    '/memory/chunked' => { %answer, chunked => 1 },
    '/file/length'    => { %answer },
    '/file/chunked'   => { %answer, chunked => 1 },
    '/memory/whole'   => { size => $size, kind => 'random' },
    '/file/whole'     => { size => $size, kind => 'random' },
});

$t->write_file_expand('nginx.conf', <<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        disk %%TESTDIR%%/store;
        store_memory 1m;
    }

    query_cache z;
    query_cache_valid 1h;
    proxy_http_version 1.1;

    log_format cache '$uri $query_cache_status $query_cache_reason';
    access_log %%TESTDIR%%/cache.log cache;

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location /memory/ {
            query_cache_capture_buffer 512k;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /file/ {
            query_cache_capture_buffer 64k;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /query_cache {
            query_cache off;
            query_cache_admin z;
        }
    }
}

EOF

$t->run;
$t->get('/query_cache');

my ($worker) = $t->worker_pids;
my $files = $t->open_files;
my $left = 0;

# two at a time are within the zone's memory, all of them are not

for my $round (1 .. 5) {
    for my $uri (qw{/memory/length /memory/chunked /file/length
        /file/chunked})
    {
        my @clients = map { $t->client } 1, 2;

        for my $c (@clients) {
            $c->send_request('GET', $uri);
            my $r = $c->read_response(stop_after => 200_000);
            is($r->error . ($r->body_length >= 200_000), "stopped1",
                "$uri, $round: in the midst of it") if $round == 1;
        }

        $clients[0]->reset;
        $clients[1]->close;
        $left += 2;

        ok(wait_until(sub {
            return $up->count(qr/./) == $left
                && !grep { $_->{outcome} ne 'closed' } $up->requests;
        }), "$uri, $round: the upstream is told");
    }
}

ok(wait_until(sub { $t->open_files($worker) <= $files }),
    'nothing stays open');

my $stats = $t->stats('/query_cache');
is($stats->{store}{stored}, 0, 'nothing was stored');
is($stats->{reason}{incomplete}, $left, 'each was incomplete');
is($stats->{reason}{store_memory}, 0, 'and there was memory for each');
is(scalar(() = slurp($t->testdir . '/cache.log') =~ / MISS incomplete$/mg),
    $left, 'in the access log, too');

# there is room for the next

for my $uri ('/memory/whole', '/file/whole') {
    my $r = $t->get($uri);
    is($r->body_length, $size, "$uri: whole");
    ok($t->wait_stats('/query_cache', 'store', 'stored',
        $uri =~ /file/ ? 2 : 1), "$uri: stored");
    is($t->get($uri)->body_md5, $r->body_md5, "$uri: a hit");
}

is($up->hits('/memory/whole'), 1, 'one request');

done_testing();
