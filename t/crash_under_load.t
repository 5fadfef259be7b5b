#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Workers that are killed while they serve, store and evict leave a shared
# index and a disk from which only right answers come: no lock is held for
# ever, no half written file is served, no counter of the store runs away.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Body;
use QC::Nginx;
use QC::Upstream;
use QC::Util qw/fork_process stop_process/;

my $t = QC::Nginx->new(log_level => 'notice')
    ->has(qw/http proxy query_cache/);

my $keys = 60;

sub size_of { return 1 + $_[0] * 3000 }

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => sub {
        my ($n) = $_[0]{path} =~ /(\d+)$/;
        return { size => size_of($n), seed => $n };
    },
});

$t->write_file_expand('nginx.conf', <<'EOF');

%%TEST_GLOBALS%%

worker_processes 2;

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        disk %%TESTDIR%%/store max_size=1m;
        hold 64k;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            query_cache z;
            query_cache_valid 1h;
            query_cache_compress none;
            add_header X-Status $query_cache_status;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /query_cache {
            query_cache_admin z;
        }
    }
}

EOF

# a lock whose owner died is given up by the master, which says so
$t->todo_alerts(qr/was locked by|shared memory zone/);
$t->run;

my %md5 = map { $_ => QC::Body->new(size => size_of($_), seed => $_)->md5 }
    1 .. $keys;

# Clients that ask without end; a wrong answer is written down

my $wrong = $t->testdir . '/wrong';

my @load = map {
    my $seed = $_;

    fork_process("client $seed", sub {
        srand $seed;

        while (1) {
            my $n = 1 + int rand $keys;
            my $r = eval { $t->client(timeout => 5)->get("/$n") } or next;

            append($wrong, "$n: $r->{status}, $r->{body_length} B\n")
                if $r->complete && $r->body_md5 ne $md5{$n};
            append($wrong, "$n: timeout\n") if $r->error eq 'timeout';
        }
    });
} 1 .. 4;

sub served { return $t->stats('/query_cache', 'request') }

for my $kill (1 .. 6) {
    my $hits = served()->{hit};

    ok(wait_until(sub {
        return (eval { served()->{hit} } // 0) > $hits + 100;
    }, 10), "$kill: under load");

    my @old = $t->worker_pids;
    my $victim = $old[$kill % 2];

    $t->expect_signal(9);
    kill 'KILL', $victim;
    ok(wait_until(sub {
        my @now = $t->worker_pids;
        return @now == 2 && !grep { $_ == $victim } @now;
    }), "$kill: a worker is killed, another is there");
}

stop_process($_, 'KILL') for @load;

is(slurp($wrong), '', 'no answer was wrong, none did not come');

for my $n (1 .. $keys) {
    my $r = $t->get("/$n");
    is($r->error . $r->body_md5, $md5{$n}, "/$n: right");
}

ok($t->wait_stats('/query_cache', 'disk', 'evicted', 1), 'with evictions');
ok(wait_until(sub {
    my @files = glob $t->testdir . '/store/1/*/*';
    my $size = 0;
    $size += -s for @files;

    return @files == $t->stats('/query_cache', 'disk', 'files')
           && $size <= 1024 * 1024;
}), 'the files are those that are known, and within their bounds');

done_testing();
