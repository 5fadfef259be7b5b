#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# The variables can be used before their values exist: in "if", "set" and
# "map" of the rewrite phase they are empty, which is not remembered for
# later, and the cache works in a location that "if" has chosen.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $up = QC::Upstream->start(port => port('up'),
    routes => { '/*' => { body => 'rows' } });

$t->write_file_expand('nginx.conf', <<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        disk %%TESTDIR%%/disk;
    }

    log_format cache '$uri $query_cache_status';
    access_log %%TESTDIR%%/hits.log cache if=$hit;

    map $query_cache_status $hit {
        volatile;
        HIT      1;
        default  0;
    }

    query_cache_valid 10m;

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        add_header X-Status "$query_cache_status";
        add_header X-Early  "[$early]";
        add_header X-Branch $branch;

        set $branch none;
        set $early  "$query_cache_status$query_cache_key$query_cache_tier";
        set $early  "$early$query_cache_age$query_cache_reason$hit";

        location / {
            query_cache z;

            if ($query_cache_status) {
                set $branch status;
            }

            if ($query_cache_status = HIT) {
                return 500;
            }

            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /chosen {
            if ($arg_cached) {
                query_cache z;
                proxy_pass  http://127.0.0.1:%%PORT_up%%;
            }

            if ($arg_off) {
                query_cache off;
                proxy_pass  http://127.0.0.1:%%PORT_up%%;
            }

            proxy_pass http://127.0.0.1:%%PORT_up%%;
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

    return join ' ', $r->status, $r->header('X-Status') // '-',
        $r->header('X-Early') // '-', $r->header('X-Branch') // '-';
}

is(get('/a'), '200 MISS [0] none', 'a miss');
ok($t->wait_stats('/stats', 'store', 'stored', 1), 'stored');
is(get('/a'), '200 HIT [0] none', 'a hit');
is(get('/a'), '200 HIT [0] none', 'again');

is(get('/chosen?cached=1'), '200 MISS [0] none', 'if: a miss');
ok($t->wait_stats('/stats', 'store', 'stored', 2), 'if: stored');
is(get('/chosen?cached=1'), '200 HIT [0] none', 'if: a hit');
is(get('/chosen?off=1'), '200 - [0] none', 'if: off');
is(get('/chosen'), '200 - [0] none', 'if: neither');

ok(wait_until(sub { slurp($t->testdir . '/hits.log')
    eq "/a HIT\n/a HIT\n/chosen HIT\n" }), 'a log of hits only')
    or diag(slurp($t->testdir . '/hits.log'));

done_testing();
