#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Two nginx with the same configuration are one cache: what one has stored
# the other serves, and neither needs the other to be there.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Nginx;
use QC::Services qw/clickhouse redis rgw/;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my ($redis, $s3, $ch) = (redis(), rgw(), clickhouse());
my $store = 's3 ' . $s3->endpoint . ' bucket=' . $s3->bucket . ' prefix=p'
    . ' access_key=' . $s3->access . ' secret_key=' . $s3->secret;


my $other = QC::Nginx->new;

sub edge {
    my ($port) = @_;

    return <<"EOF";

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        redis ${\$redis->url};
        $store;
    }

    server {
        listen 127.0.0.1:%%PORT_$port%%;

        location / {
            query_cache z;
            query_cache_methods GET POST;
            query_cache_valid 200 10m;
            add_header X-Cache \$query_cache_status;
            add_header X-Tier \$query_cache_tier;
            proxy_pass http://127.0.0.1:${\$ch->port};
            proxy_http_version 1.1;
        }

        location = /stats {
            query_cache_admin z;
        }
    }
}

EOF
}

$t->write_file_expand('nginx.conf', edge('8080'));
$other->write_file_expand('nginx.conf', edge('8081'));

$_->run for $t, $other;

my $n = 0;

sub shared {
    my ($name, $from, $to) = @_;

    my $sql = 'SELECT *, ' . ++$n . ' FROM hits WHERE id < 9000 FORMAT CSV';
    my $before = $t->stats('/stats', 'store', 'stored', port => $from);

    my $miss = $t->post('/', $sql, port => $from);
    is($miss->header('X-Cache'), 'MISS', "$name: a miss");
    ok(wait_until(sub { $t->stats('/stats', 'store', 'stored',
        port => $from) > $before }), "$name: stored");

    for my $port ($to, $from) {
        my $hit = $t->post('/', $sql, port => $port);
        is($hit->header('X-Cache') . ' ' . ($hit->header('X-Tier') // ''),
            'HIT s3', "$name: a hit there and here");
        ok($hit->body eq $miss->body, "$name: the same bytes");
    }
}

shared('from one to the other', '8080', '8081');
shared('and back', '8081', '8080');

# one is stopped: its entries stay

my $sql = 'SELECT 17';
$t->post('/', $sql, port => '8081');
ok(wait_until(sub { $t->stats('/stats', 'store', 'stored',
    port => '8081') == 2 }), 'stored');
ok($other->quit, 'the other one ends');
is($t->post('/', $sql)->header('X-Cache'), 'HIT', 'what it stored is here');

$other->run;
is($t->post('/', $sql, port => '8081')->header('X-Cache'), 'HIT',
    'and there after a restart');

done_testing();
