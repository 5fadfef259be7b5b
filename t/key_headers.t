#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Who asks, and what is asked in header fields, is in the key: credentials,
# cookies, Content-Type, ClickHouse's settings.  One user never gets what
# another's query returned, and fields that do not matter do not make
# entries of their own.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => sub { return { body => "answer $_[1]" } },
});

$t->write_file_expand('nginx.conf', <<'EOF');

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
            query_cache_valid 1h;
            add_header X-Status $query_cache_status;
            add_header X-Key $query_cache_key;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /query_cache {
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

# each of these is another query

my @requests = (
    [],
    ['Authorization', 'Basic YTpi'], ['Authorization', 'Basic YTpj'],
    ['Authorization', 'basic YTpi'], ['Authorization', ''],
    ['Authorization', 'Bearer a'],
    ['Cookie', 'a=1'], ['Cookie', 'a=2'], ['Cookie', 'a=1; b=2'],
    ['Cookie', 'a=1', 'Cookie', 'b=2'],
    ['Authorization', 'x', 'Cookie', 'y'],
    ['Authorization', 'xCookiey'], ['Cookie', 'x', 'Authorization', 'y'],
    ['Content-Type', 'application/json'], ['Content-Type', 'text/plain'],
    ['Content-Encoding', 'gzip'],
    ['X-ClickHouse-User', 'a'], ['X-ClickHouse-User', 'b'],
    ['X-ClickHouse-Key', 'a'], ['X-ClickHouse-Database', 'a'],
    ['X-ClickHouse-Format', 'JSON'], ['X-ClickHouse-Quota', 'a'],
    ['X-ClickHouse-User', 'a', 'X-ClickHouse-Key', 'b'],
    ['X-ClickHouse-User', 'a', 'X-ClickHouse-Database', 'b'],
    ['X-API-Key', 'a'], ['Api-Key', 'a'], ['Apikey', 'a'],
    ['X-Auth-Token', 'a'], ['X-Access-Token', 'a'], ['X-Tenant-Id', 'a'],
    ['X-Org-Id', 'a'], ['X-Scope-OrgID', 'a'], ['X-Hasura-Role', 'a'],
    ['X-Hasura-User-Id', 'a'], ['X-Hasura-Admin-Secret', 'a'],
    ['X-Hasura-Org-Id', 'a'], ['X-Hasura-Org-Id', 'b'],
);

my $stored = 0;

for my $headers (@requests) {
    my $name = '"' . join(' ', @$headers) . '"';

    my $r = $t->get('/a', headers => $headers);
    is($r->header('X-Status'), 'MISS', "$name: a miss");
    ok($t->wait_stats('/query_cache', 'store', 'stored', ++$stored),
        "$name: stored");
    is($r->body, "answer $stored", "$name: its own answer");

    my @lower = map { $_ % 2 ? $headers->[$_] : lc $headers->[$_] }
        0 .. $#$headers;
    my $hit = $t->get('/a', headers => \@lower);
    is($hit->header('X-Status') . ' ' . $hit->body, "HIT answer $stored",
        "$name: a hit, its own");
}

# these are not

for my $headers (['User-Agent', 'a'], ['Accept', 'a/b'], ['X-Request-Id', 1],
    ['Accept-Encoding', 'gzip'], ['Accept-Language', 'de'],
    ['X-Forwarded-For', '10.0.0.1'], ['Cache-Control', 'no-cache'],
    ['Pragma', 'no-cache'], ['Referer', '/'], ['Origin', 'http://a'],
    ['X-ClickHouse', 'a'], ['Cookies', 'a=1'], ['Cooki', 'a=1'])
{
    my $r = $t->get('/a', headers => $headers);
    is($r->header('X-Status') . ' ' . $r->body, 'HIT answer 1',
        "$headers->[0] is not in the key");
}

# the order of different fields does not matter

my $two = $t->get('/a', headers => ['Cookie', 'x', 'Authorization', 'y']);
is($t->get('/a', headers => ['Authorization', 'y', 'Cookie', 'x'])
    ->header('X-Key'), $two->header('X-Key'), 'fields in another order');

# they go upstream all the same

my $seen = $up->last(qr/./)->{headers};
is($seen->{'x-hasura-org-id'}, 'b', 'passed on');

# and none of them is in the log of nginx's own accord

unlike($t->error_log, qr/\[(?:info|notice|warn|error)\].*YTpi/,
    'no credentials in the log');

done_testing();
