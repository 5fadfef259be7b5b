#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# A worker that dies while it stores takes only that with it: no record is
# without its object, what was stored before is served by the next worker,
# and what was lost is fetched and stored anew.  A record that was written
# first, or a lock that died with its owner, would show.

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
    '/held/*' => { size => 400_000, at => [[200_000, gate => 'up']] },
    '/*'      => sub { return { size => 100_000, seed => $_[0]{path} } },
});

$t->write_file_expand('nginx.conf', <<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone shared {
        redis ${\$redis->url};
        s3 http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;
        s3_read_timeout 30s;
        store_concurrency 2;
    }

    query_cache_zone local {
        s3 http://127.0.0.1:%%PORT_s3%% bucket=c access_key=a secret_key=s;
        s3_read_timeout 30s;
        store_concurrency 2;
    }

    query_cache_valid 1h;
    add_header X-Status \$query_cache_status;

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location /shared/ {
            query_cache shared;
            proxy_pass http://127.0.0.1:%%PORT_up%%/;
        }

        location /local/ {
            query_cache local;
            proxy_pass http://127.0.0.1:%%PORT_up%%/;
        }

        location = /query_cache/shared {
            query_cache_admin shared;
        }

        location = /query_cache/local {
            query_cache_admin local;
        }
    }
}

EOF

$t->run;

# every record of Redis has its object

sub consistent {
    my ($name) = @_;

    my %objects = map { $_ => 1 } $s3->keys;
    my @lost = grep {
        !$objects{'/b/' . $redis->cli('HGET', $_, 's3_path')}
    } split /\n/, $redis->cli('KEYS', 'qc:*');

    is(scalar @lost, 0, "$name: no record without its object");
}

sub hit { return $t->get($_[0])->header('X-Status') eq 'HIT' }

my @zones = qw/shared local/;
my %stored;

for my $zone (@zones) {
    ok(wait_until(sub { $t->get("/$zone/before"); hit("/$zone/before") }),
        "$zone: in use");
    $stored{$zone} = $t->stats("/query_cache/$zone", 'store', 'stored');
}

for my $round (1 .. 3) {
    my ($worker) = $t->worker_pids;

    $s3->hold('put');
    $s3->clear_faults;
    $s3->fault('stall', gate => 'put', match => qr/^PUT/, times => 0);

    # stores that run and wait, and captures

    for my $zone (@zones) {
        $t->get("/$zone/$round/$_") for 1 .. 4;
    }

    ok($s3->wait_at('put', 4), "$round: stores are under way");
    $up->hold('up');
    my @clients = map {
        my $c = $t->client;
        $c->send_request('GET', "/$_/held/$round");
        $c;
    } @zones;
    ok($up->wait_at('up', 2), "$round: captures, too");

    $t->expect_signal(9);
    kill 'KILL', $worker;

    for my $c (@clients) {
        my $r = $c->read_response;
        isnt($r->error, '', "$round: a client sees that its answer broke off");
        cmp_ok($r->body_length, '<', 400_000, "$round: and has not all of it");
    }

    ok(wait_until(sub {
        my ($now) = $t->worker_pids;
        return $now && $now != $worker;
    }), "$round: the next worker");

    $s3->release('put');
    $s3->clear_faults;
    $up->release('up');
    consistent("$round: killed");

    for my $zone (@zones) {
        ok(wait_until(sub { hit("/$zone/before") }),
            "$round: $zone has what it had");
        is($t->stats("/query_cache/$zone", 'store', 'stored'),
            $stored{$zone}, "$round: $zone: nothing was stored half");

        for my $uri ((map { "/$zone/$round/$_" } 1 .. 4),
            "/$zone/held/$round")
        {
            my $r = $t->get($uri);
            is($r->header('X-Status') . $r->error, 'MISS',
                "$round: $uri: a miss, whole");
            ok($t->wait_stats("/query_cache/$zone", 'store', 'stored',
                ++$stored{$zone}), "$round: $uri: stored");
            ok(hit($uri), "$round: $uri: a hit");
        }
    }
}

consistent('at last');

done_testing();
