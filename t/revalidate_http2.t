#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Entries are validated, and served stale on errors, where the upstream is
# asked by HTTP/2: by grpc_pass, and by proxy_pass where nginx can.  What it
# answers is taken back, on one connection of the client, and a query goes
# with it each time.  The backend is nginx itself.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Digest::MD5 qw/md5_hex/;

use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http grpc proxy v2 query_cache/);

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => sub {
        my ($req, $n) = @_;
        my $asked = $req->{headers}{'if-none-match'} // '';

        return { status => 304, headers => [ETag => '"a"'] }
            if $req->{uri} =~ /valid/ && $asked eq '"a"';

        return { status => 500, size => 200_000 }
            if $req->{uri} =~ /stale/ && $asked ne '';

        return { body => "$req->{md5} $asked", headers => [ETag => '"a"',
            'Cache-Control' => $req->{uri} =~ /valid/ ? 'no-cache'
                : 'max-age=0, stale-if-error=60'] };
    },
});

my %pass = (grpc => 'grpc_pass grpc://127.0.0.1:%%PORT_8081%%;');

if ($t->version('1.29.4')) {
    $pass{$_} = "proxy_http_version 2; proxy_buffering $_;
            proxy_pass http://127.0.0.1:%%PORT_8081%%;" for 'on', 'off';
}

my $locations = join '', map { <<"EOF" } sort keys %pass;

        location /$_/ {
            query_cache z;
            $pass{$_}
        }
EOF

$t->write_file_expand('nginx.conf', <<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        disk %%TESTDIR%%/store;
    }

    query_cache_methods GET HEAD POST QUERY;
    client_body_buffer_size 1k;
    add_header X-Status \$query_cache_status always;

    server {
        listen 127.0.0.1:%%PORT_8080%%;
$locations
        location = /query_cache {
            query_cache_admin z;
        }
    }

    server {
        listen 127.0.0.1:%%PORT_8081%% http2;

        location / {
            proxy_http_version 1.1;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }
    }
}

EOF

$t->run;

my $stored = 0;

sub stored { $t->wait_stats('/query_cache', 'store', 'stored', ++$stored) }

sub is_answer {
    my ($r, $expected, $name) = @_;

    is(join(' ', $r->status, $r->header('X-Status') // '-', $r->body),
        $expected, $name);
}

for my $way (sort keys %pass) {
    for my $method ('GET', 'QUERY') {
        my $dir = "/$way/" . lc $method;
        my $query = $method eq 'QUERY' ? 'q' x 5000 : '';
        my $body = md5_hex($query) . ' ';
        my @query = $query ? (body => $query, headers =>
            ['Content-Type' => 'text/plain']) : ();
        my $c = $t->client;

        for (['valid', 'REVALIDATED'], ['stale', 'STALE']) {
            my ($kind, $status) = @$_;
            my $uri = "$dir-$kind";

            is_answer($c->request($method, $uri, @query), "200 MISS $body",
                "$uri: a miss");
            ok(stored(), "$uri: stored");

            for my $n (1 .. 2) {
                is_answer($c->request($method, $uri, @query),
                    "200 $status $body", "$uri: $status, $n");
            }

            my $asked = $up->last(qr{ \Q$uri\E$});
            is($asked->{md5}, md5_hex($query), "$uri: asked, with the query");
        }
    }
}

is($t->stats('/query_cache', 'request', 'broken'), 0, 'none broken');

done_testing();
