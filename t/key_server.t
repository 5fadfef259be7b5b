#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Two servers that only their port tells apart never share an entry, though
# zone, host, location and query are the same; "if" is its location.  Fails
# if the key holds the name of the location alone.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Nginx;

my $t = QC::Nginx->new->has(qw/http rewrite query_cache/);

$t->write_file_expand('nginx.conf', <<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z { disk %%TESTDIR%%/store; }
    query_cache        z;
    query_cache_valid  1h;
    add_header         X-Status $query_cache_status;
    add_header         X-Key $query_cache_key;

    server {
        listen 127.0.0.1:%%PORT_8080%%;
        root   %%TESTDIR%%/a;

        location / {
            if ($arg_x) {
                set $y 1;
            }
        }

        location = /stats {
            query_cache       off;
            query_cache_admin z;
        }
    }

    server {
        listen 127.0.0.1:%%PORT_8081%%;
        root   %%TESTDIR%%/b;

        location / {
        }
    }
}

EOF

for my $server (qw/a b/) {
    mkdir $t->testdir . "/$server";
    $t->write_file("$server/f", "server $server");
}

$t->run;

my %port = (a => port('8080'), b => port('8081'));

for my $try (qw/MISS HIT/) {
    for my $server (qw/a b/) {
        my $r = $t->get('/f', port => $port{$server},
            headers => ['Host' => 'example.com']);

        is($r->header('X-Status'), $try, "$server: $try");
        is($r->body, "server $server", "$server: its own body");
    }

    ok($t->wait_stats('/stats', 'store', 'stored', 2), 'both are stored');
}

my ($in, $out) = map { $t->get($_)->header('X-Key') } '/f?x=1', '/f?x=1';
is($in, $out, 'a key is the same each time');

done_testing();
