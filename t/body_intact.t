#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# A request body reaches the upstream as the client sent it, whatever its
# size, its framing and where nginx keeps it, and the answer is cached under
# it.  Reading the body for the key and moving or consuming its buffers, or
# hashing only what is in memory, would break it.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Digest::MD5 qw/md5_hex/;

use QC::Body;
use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => sub { return { body => "$_[0]{md5} $_[0]{length} $_[1]" } },
});

$t->write_file_expand('nginx.conf', <<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    client_max_body_size 8m;

    query_cache_zone z {
        disk %%TESTDIR%%/store;
    }

    query_cache z;
    query_cache_methods GET POST;
    query_cache_valid 1h;
    query_cache_max_request_body 4m;
    add_header X-Status $query_cache_status;

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        client_body_buffer_size 2m;

        location / {
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /file/ {
            client_body_buffer_size 8k;
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

my %bodies = (
    '0 B'  => '',
    '8 B'  => 'SELECT 1',
    '1 MB' => QC::Body->new(size => 1 << 20, kind => 'random')->bytes,
    '3 MB' => QC::Body->new(size => 3 << 20, kind => 'random')->bytes,
);

my %framings = (
    'a length' => {},
    'chunks'   => { chunked => 5000 },
    'expect'   => { expect => 1 },
    'chunks, expect' => { chunked => 1, expect => 1 },
);

my $n = 0;

for my $where ('memory', 'file') {
    for my $size (sort keys %bodies) {
        for my $how (sort keys %framings) {
            my $name = "$size, $how, $where";
            my $body = $bodies{$size};
            my $uri = "/$where/" . ++$n;
            my $want = md5_hex($body) . ' ' . length($body) . ' ';

            my $miss = $t->post($uri, $body, %{$framings{$how}});
            like($miss->body, qr/^$want\d+$/, "$name: intact");
            is($miss->header('X-Status'), 'MISS', "$name: a miss");

            ok($t->wait_stats('/query_cache', 'store', 'stored', $n),
                "$name: stored");

            my $hit = $t->post($uri, $body, %{$framings{$how}});
            is($hit->header('X-Status') . ' ' . $hit->body,
                'HIT ' . $miss->body, "$name: a hit");
        }
    }
}

is($up->count(qr/^POST/), $n, 'one request each');

# what a client says twice in two ways is one query

my $r = $t->post('/file/1', $bodies{'1 MB'});
ok($t->wait_stats('/query_cache', 'store', 'stored', $n + 1), 'stored');
is($t->post('/file/1', $bodies{'1 MB'}, chunked => 777)->body, $r->body,
    'a length or chunks: the same');

done_testing();
