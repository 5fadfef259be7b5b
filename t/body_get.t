#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# A GET with a body, as Elasticsearch and others are asked, is keyed by its
# body and passes it on.  Taking the body for empty because of the method
# would answer one query with another's result.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Digest::MD5 qw/md5_hex/;

use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => sub { return { body => "$_[0]{method} $_[0]{md5}" } },
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
            query_cache_methods GET HEAD POST;
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

my @queries = (
    ['GET', undef], ['GET', '{"q":1}'], ['GET', '{"q":2}'],
    ['GET', 'x' x 300_000], ['POST', '{"q":1}'], ['POST', ''],
);

my $stored = 0;

for my $query (@queries) {
    my ($method, $body) = @$query;
    my $want = $method . ' ' . md5_hex($body // '');
    my $name = "$method, " . length($body // '') . ' B';

    my $r = $t->request($method, '/search', body => $body);
    is($r->header('X-Status') . ' ' . $r->body, "MISS $want",
        "$name: a miss, its own");
    ok($t->wait_stats('/query_cache', 'store', 'stored', ++$stored),
        "$name: stored");

    $r = $t->request($method, '/search', body => $body,
        chunked => defined $body);
    is($r->header('X-Status') . ' ' . $r->body, "HIT $want",
        "$name: a hit, its own");
}

# a length of zero says no more than no length

is($t->request('GET', '/search', body => '')->header('X-Status'), 'HIT',
    'GET with an empty body is GET');
is($t->request('HEAD', '/search', body => '{"q":2}')->header('X-Status'),
    'HIT', 'HEAD with a body is answered from that GET');
is($t->request('HEAD', '/search', body => '{"q":3}')->header('X-Status'),
    'MISS', 'and not from another');

done_testing();
