#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# A client of ClickHouse leaves, and its query is gone: by KILL QUERY with the
# run's id in the location of query_cache_cancel, in the name of who has asked.
# A query whose client stays goes on, as does one that others wait for.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Nginx;
use QC::Services qw/clickhouse/;

my $t = QC::Nginx->new->has(qw/http proxy rewrite query_cache/);
my $ch = clickhouse();

$t->write_file_expand('nginx.conf', <<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        disk %%TESTDIR%%/store;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            query_cache z;
            query_cache_methods GET POST;
            query_cache_engine clickhouse;
            query_cache_valid 1h;
            query_cache_lock local;
            query_cache_abort auto;
            query_cache_cancel /kill;
            add_header X-Status \$query_cache_status;

            set \$sep "?";

            if (\$is_args) {
                set \$sep "&";
            }

            proxy_http_version 1.1;
            proxy_pass http://127.0.0.1:${\$ch->port}\$request_uri\${sep}query_id=\$query_cache_run_id;
        }

        location /untold {
            query_cache z;
            query_cache_methods GET POST;
            query_cache_engine clickhouse;
            proxy_pass http://127.0.0.1:${\$ch->port}/;
        }

        location = /kill {
            internal;

            proxy_method POST;
            proxy_set_body "KILL QUERY WHERE query_id = '\$query_cache_run_id' ASYNC";
            proxy_http_version 1.1;
            proxy_pass http://127.0.0.1:${\$ch->port}/;
        }

        location = /stats {
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

# How many queries of this number run in ClickHouse

sub running {
    my ($n) = @_;

    return 0 + $ch->query('SELECT count() FROM system.processes WHERE'
        . " query LIKE '%numbers LIMIT $n%' AND query NOT LIKE '%processes%'"
        . ' FORMAT TabSeparated');
}

sub ask {
    my ($n, %o) = @_;

    my $c = $t->client(timeout => 30);
    my $rows = $o{rows} // 60;

    $c->send_request('POST', ($o{uri} // '/') . '?max_block_size=1', body =>
        "SELECT sleep(0.5), number + $n FROM (SELECT number FROM"
        . " system.numbers LIMIT $n) LIMIT $rows FORMAT TabSeparated",
        headers => $o{headers} // []);
    ok(wait_until(sub { running($n) == 1 }, 10), "$n: the query runs");

    return $c;
}

# one stays

my $stays = ask(1001, rows => 40);

# one leaves where nobody tells ClickHouse

ask(1005, uri => '/untold')->reset;
ok($t->wait_stats('/stats', 'abort', 'cancelled', 1), '1005: cancelled');

# one leaves

ask(1002)->reset;
ok($t->wait_stats('/stats', 'abort', 'cancelled', 2), '1002: cancelled');
ok(wait_until(sub { running(1002) == 0 }, 10), '1002: it is gone');
is(running(1001), 1, '1001: the other is there');
is(running(1005), 1, '1005: runs on for nobody');
is($t->stats('/stats', 'cancel', 'failed'), 0, '1002: nothing failed');

# one leaves for whom others wait

my $first = ask(1003, rows => 6);
my $second = $t->client(timeout => 30);
$second->send_request('POST', '/?max_block_size=1', body =>
    'SELECT sleep(0.5), number + 1003 FROM (SELECT number FROM'
    . ' system.numbers LIMIT 1003) LIMIT 6 FORMAT TabSeparated');
ok($t->wait_stats('/stats', 'lock', 'waited', 1), '1003: another waits');
$first->reset;
ok($t->wait_log(qr/upstream run goes on/), '1003: the first leaves');

my $r = $second->read_response;
is($r->header('X-Status'), 'HIT', '1003: the other has its answer');
is($r->body =~ tr/\n//, 6, '1003: whole');

is(running(1001), 1, '1001: is still there');
$stays->reset;
ok(wait_until(sub { running(1001) == 0 }, 10), '1001: it leaves');

# as another user

ask(1004, headers => ['X-ClickHouse-User' => 'default',
    'X-ClickHouse-Key' => ''])->close;
ok(wait_until(sub { running(1004) == 0 }, 10), '1004: in its name');

my $stats = $t->stats('/stats');
is($stats->{cancel}{made}, 3, 'three were told');
is($stats->{cancel}{failed}, 0, 'none failed');

done_testing();
