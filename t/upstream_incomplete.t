#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# An answer that is not provably whole reaches the client as it would
# without the cache, its end included, and is never stored: cut short of its
# length, reset, without the last chunk, or ended by the connection.  Taking
# the end of the connection for the end of the answer would serve half of it
# for ever.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $big = 600_000;

my %broken = (
    '/cut'         => { size => 5000, cut => 4999 },
    '/cut-first'   => { size => 5000, cut => 0 },
    '/cut-big'     => { size => $big, cut => $big - 1 },
    '/reset'       => { size => 5000, reset => 100 },
    '/reset-big'   => { size => $big, reset => $big - 1 },
    '/longer'      => { size => 5000, length => 5001, close => 1 },
    '/open'        => { size => 5000, chunked => 1000, no_last_chunk => 1 },
    '/open-big'    => { size => $big, chunked => 1, no_last_chunk => 1 },
    '/chunk'       => { size => 5000, chunked => 1000, cut => 2500 },
    '/chunk-reset' => { size => 5000, chunked => 1000, reset => 2500 },
    '/bad-chunk'   => { raw => "HTTP/1.1 200 OK\r\nTransfer-Encoding: "
                            . "chunked\r\n\r\n5\r\nhello\r\nzz\r\n\r\n" },
    '/eof'         => { size => 5000, eof => 1 },
    '/eof-big'     => { size => $big, eof => 1 },
    '/eof-empty'   => { size => 0, eof => 1 },
    '/eof-1.0'     => { size => 5000, eof => 1, version => '1.0' },
);

my $up = QC::Upstream->start(port => port('up'), routes => \%broken);

$t->write_file_expand('nginx.conf', <<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        disk %%TESTDIR%%/store;
    }

    upstream up {
        server 127.0.0.1:%%PORT_up%% max_fails=0;
    }

    query_cache_valid any 1h;
    proxy_http_version 1.1;
    proxy_set_header Connection '';

    log_format cache '$uri $query_cache_status $query_cache_reason';
    access_log %%TESTDIR%%/cache.log cache;

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location /buffered/ {
            query_cache z;
            proxy_pass http://up/;
        }

        location /unbuffered/ {
            query_cache z;
            proxy_buffering off;
            proxy_pass http://up/;
        }

        location /plain/buffered/ {
            proxy_pass http://up/;
        }

        location /plain/unbuffered/ {
            proxy_buffering off;
            proxy_pass http://up/;
        }

        location = /query_cache {
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

my $requests = 0;

for my $uri (sort keys %broken) {
    for my $how ('/buffered', '/unbuffered') {
        my $plain = $t->get("/plain$how$uri");

        for my $time ('first', 'second') {
            my $name = "$uri, $how, $time";
            my $r = $t->get($how . $uri);
            $requests++;

            is($r->status, $plain->status, "$name: status");
            is($r->error, $plain->error, "$name: how it ends");
            is(defined $r->header('Content-Length'),
                defined $plain->header('Content-Length'), "$name: its length");

            # after a reset both may lack what nginx had not read
            is($r->body_md5, $plain->body_md5, "$name: body")
                if $uri !~ /reset/;
        }
    }
}

is($t->stats('/query_cache', 'request', 'miss'), $requests, 'all are misses');
is($t->stats('/query_cache', 'store', 'stored'), 0, 'nothing was stored');

ok(wait_until(sub {
    my @lines = slurp($t->testdir . '/cache.log')
        =~ m{^/(?:un)?buffered/\S+ MISS incomplete$}mg;
    return @lines == $requests;
}), 'the reason is in the access log');
is($t->stats('/query_cache', 'reason', 'incomplete'), $requests,
    'and counted');

is(scalar(my @hints = $t->error_log(qr/ends its answers with the connection/)),
    1, 'what may help is logged, once');

done_testing();
