#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# grpc_pass is cached where its answer has no trailers, as that of any server
# of HTTP/2 may; one with trailers, as those of gRPC proper, and one whose
# stream is reset, is passed on and not stored.  The backend is nginx itself.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Digest::MD5 qw/md5_hex/;

use QC::Body;
use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http grpc proxy v2 query_cache/);

my %answers = (
    '/length'  => { size => 300_000 },
    '/chunked' => { size => 300_000, chunked => 1 },
    '/empty'   => { size => 0 },
    '/cut'     => { size => 300_000, cut => 299_999 },
    '/open'    => { size => 300_000, chunked => 1, no_last_chunk => 1 },
);

my $up = QC::Upstream->start(port => port('up'), routes => { %answers,
    '/echo' => sub { return { body => $_[0]{md5} } },
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

    log_format cache '$request_uri $query_cache_status $query_cache_reason';

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        access_log %%TESTDIR%%/cache.log cache;

        location / {
            query_cache z;
            query_cache_methods GET POST;
            query_cache_valid 1h;
            grpc_pass grpc://127.0.0.1:%%PORT_8081%%;
        }

        location = /query_cache {
            query_cache_admin z;
        }
    }

    server {
        listen 127.0.0.1:%%PORT_8081%% http2;

        proxy_http_version 1.1;

        location / {
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /trailers/ {
            add_trailer grpc-status 0;
            proxy_pass http://127.0.0.1:%%PORT_up%%/;
        }
    }
}

EOF

$t->run;

sub logged {
    my ($uri, $times) = @_;
    my @lines;

    wait_until(sub {
        @lines = slurp($t->testdir . '/cache.log') =~ /^\Q$uri\E (.*)$/mg;
        return @lines == $times;
    });

    return join ', ', @lines;
}

my $stored = 0;

for my $uri (qw{/length /chunked /empty}) {
    my $md5 = QC::Body->new(%{$answers{$uri}})->md5;

    is($t->get($uri)->body_md5, $md5, "$uri: passed on");
    ok($t->wait_stats('/query_cache', 'store', 'stored', ++$stored),
        "$uri: stored");

    my $r = $t->get($uri);
    is($r->body_md5, $md5, "$uri: the same again");
    is($r->header('Content-Type'), 'application/json', "$uri: its type");
    is(logged($uri, 2), 'MISS absent, HIT -', "$uri: a hit");
}

my $body = 'message ' x 20_000;

is($t->post('/echo', $body)->body, md5_hex($body), 'a request body');
ok($t->wait_stats('/query_cache', 'store', 'stored', ++$stored), 'stored');
is($t->post('/echo', $body)->body, md5_hex($body), 'again');
is(logged('/echo', 2), 'MISS absent, HIT -', 'a hit');

for my $uri (qw{/trailers/length /trailers/chunked /cut /open}) {
    my $reason = $uri =~ /trailers/ ? 'trailers' : 'incomplete';
    my $md5 = QC::Body->new(size => 300_000)->md5;

    for my $time ('first', 'second') {
        my $r = $t->get($uri);

        if ($reason eq 'trailers') {
            is($r->body_md5, $md5, "$uri, $time: passed on");

        } else {
            isnt($r->error, '', "$uri, $time: broken off");
        }
    }

    is(logged($uri, 2), "MISS $reason, MISS $reason", "$uri: not stored");
}

is($t->stats('/query_cache', 'store', 'stored'), $stored, 'nothing else');

done_testing();
