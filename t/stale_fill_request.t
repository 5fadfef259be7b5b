#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# A background fill asks the upstream what the client has asked: the same
# line, the same fields in the same order, the same body, and variables as
# they were, whatever they are made from.  Only conditions and ranges are
# left out.  What was taken from a client that is gone would be garbage, or
# another client's.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Nginx;
use QC::Stale;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy map rewrite realip auth_basic
    auth_request query_cache/);

my $up = QC::Upstream->start(port => port('up'), keep_body => 1, routes => {
    '/auth' => { body => '', headers => ['X-Group' => 'staff'] },
    '/*' => sub {
        my ($req, $n) = @_;

        return { size => $req->{length} + 100, seed => "$n",
            headers => stale_headers() };
    },
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

    map $http_x_in $mapped {
        default "";
        ~^(?<part>..) "$part-$request_method";
    }

    set_real_ip_from 127.0.0.1;
    real_ip_header X-Real;

    client_body_buffer_size 16k;
    query_cache_methods GET HEAD POST QUERY;
    query_cache_max_request_body 1m;
    add_header X-Status $query_cache_status;

    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_set_header X-Forwarded-Proto $scheme:$https;
    proxy_set_header X-Address $remote_addr,$realip_remote_addr,$server_addr;
    proxy_set_header X-Port $server_port;
    proxy_set_header X-Request "$request_method $request_uri $uri $args";
    proxy_set_header X-Protocol $server_protocol;
    proxy_set_header X-Line $request;
    proxy_set_header X-Mapped $mapped;
    proxy_set_header X-Cookie $cookie_a/$http_cookie;
    proxy_set_header X-Arg $arg_q;
    proxy_set_header X-Length $content_length/$content_type/$request_length;
    proxy_set_header X-User $remote_user;
    proxy_set_header X-Name $host/$server_name;
    proxy_set_header X-File $document_root$request_filename;
    proxy_set_header X-Status-Seen "$http_x_in $is_args";

    server {
        listen %%PORT_8080%%;
        server_name localhost;

        location / {
            query_cache z;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /with/ {
            query_cache z;
            set $mine "<$http_x_in>";
            auth_request /auth;
            auth_request_set $group $upstream_http_x_group;
            proxy_set_header X-Mine $mine;
            proxy_set_header X-Group $group;
            proxy_pass http://127.0.0.1:%%PORT_up%%/moved/;
        }

        location ~ ^/(re)/([^/]+)/(?<rest>.*)$ {
            query_cache z;
            proxy_set_header X-Captures "$1 $2 $rest";
            proxy_pass http://127.0.0.1:%%PORT_up%%/$2/$1$is_args$args;
        }

        location /rewritten/ {
            query_cache z;
            rewrite ^/rewritten/(.*)$ /was/$1?more=1 break;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /set/ {
            query_cache z;
            proxy_set_body "body: $request_body";
            proxy_method PUT;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /single/ {
            query_cache z;
            client_body_in_single_buffer on;
            client_body_in_file_only on;
            proxy_set_header X-Body-File $request_body_file;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /clean/ {
            query_cache z;
            client_body_in_file_only clean;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /stream/ {
            query_cache z;
            proxy_request_buffering off;
            proxy_http_version 1.1;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /auth {
            internal;
            proxy_pass_request_body off;
            proxy_set_header Content-Length "";
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /stats {
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

my @fields = ('Host' => 'localhost', 'User-Agent' => 'MSIE 6.0',
    'X-In' => 'something', 'Authorization' => 'Basic YW5uOnB3',
    'Cookie' => 'a=1; b=2', 'Accept' => '*/*', 'Cookie' => 'c=3',
    'X-Forwarded-For' => '192.0.2.1', 'X-In' => 'more',
    'X-Forwarded-For' => '192.0.2.2', 'X-Real' => '192.0.2.9',
    'Accept-Encoding' => 'gzip', 'Referer' => 'http://x/', 'TE' => 'trailers',
    'Content-Type' => 'application/json', 'Accept-Language' => 'en',
    'Via' => '1.1 z', map { ("X-N$_" => "value $_" x $_) } 1 .. 30);

my @conditions = ('If-None-Match' => '"1"', 'Range' => 'bytes=0-9',
    'If-Modified-Since' => 'Sat, 01 Jan 2000 00:00:00 GMT');

my $big = join ',', 1 .. 40_000;

my @cases = (
    ['GET', '/plain?q=1&r=%20'],
    ['GET', '/a%2Fb/../c//d?q=%26'],
    ['GET', '/a b' =~ s/ /%20/r . '/%C3%A4+x'],
    ['GET', '/with/some%20thing/x?q=2'],
    ['GET', '/re/path/of%20it/x?q=3'],
    ['GET', '/rewritten/here?q=4'],
    ['GET', '/stream/x'],
    ['POST', '/post/small', 'small body'],
    ['POST', '/post/none', ''],
    ['POST', '/post/big', $big],
    ['POST', '/post/chunked', $big, chunked => 1],
    ['POST', '/post/chunked/small', 'small', chunked => 1],
    ['POST', '/post/expect', $big, expect => 1],
    ['POST', '/with/body', $big],
    ['POST', '/set/body', 'text'],
    ['POST', '/single/small', 'text'],
    ['POST', '/single/big', $big],
    ['POST', '/stream/big', $big],
    ['QUERY', '/query?q=5', '{"a":1}'],
);

sub ask {
    my ($case, @more) = @_;
    my ($method, $uri, $body, %o) = @$case;

    return $t->client->request($method, $uri, body => $body, %o,
        headers => [@fields, @more]);
}

for my $case (@cases) {
    is(ask($case)->header('X-Status'), 'MISS', "$case->[1]: a miss");
}

ok(wait_stale($t, '/stats', scalar @cases), 'stale entries');

my $stored = @cases;

sub said {
    my ($req) = @_;

    return join "\n", "$req->{method} $req->{uri} $req->{version}",
        "$req->{length} $req->{md5}",
        map { my ($name, $value) = @$_;
              $value =~ s{(/client_body_temp/).*}{$1} if $name eq 'X-Body-File';
              "$name: $value" } @{$req->{header_list}};
}

for my $case (@cases) {
    my (undef, $uri) = @$case;

    is(ask($case)->header('X-Status'), 'UPDATING', "$uri: a stale answer");
    ok($t->wait_stats('/stats', 'store', 'stored', ++$stored),
        "$uri: stored");
}

# each of them has been asked twice, in the same order

my @asked = $up->requests(qr/^\S+ (?!\/auth)/);
is(scalar @asked, 2 * @cases, 'each was asked twice');

for my $n (0 .. $#cases) {
    is(said($asked[$n + @cases]), said($asked[$n]),
        "$cases[$n][1]: the same request");
}

like(said($asked[-2]), qr/^X-Address: 192.0.2.9,127.0.0.1,127.0.0.1$/m,
    'with the addresses of the client');

# what is not the question, or cannot be asked again

sub fill { return $t->stats('/stats', 'fill', $_[0]) }

my $started = fill('started');

ask(['GET', '/conditions']);
ask(['GET', '/head']);
ask(['POST', '/clean/file', 'text']);
ask(['POST', '/conditional', 'text']);
ok(wait_stale($t, '/stats', $stored += 4), 'stale entries');

is(ask(['GET', '/conditions'], @conditions)->status, 206, 'a part');
ok($t->wait_stats('/stats', 'store', 'stored', ++$stored), 'is stored whole');
my $last = $up->last('/conditions');
is(join(",", map { $last->{headers}{lc $_} // "" } @conditions[0, 2, 4]),
    ",,", 'the conditions were not asked');
is(fill('started'), ++$started, 'one more fill');

is(ask(['HEAD', '/head'])->header('X-Status'), 'UPDATING', 'HEAD');
is(ask(['POST', '/clean/file', 'text'])->header('X-Status'), 'EXPIRED',
    'a file that goes with its request');
is(ask(['POST', '/conditional', 'text'], @conditions[0, 1])
    ->header('X-Status'), 'EXPIRED', 'POST with a condition');
is(fill('refused'), 1, 'what was begun is counted');
is(fill('started'), $started, 'no more fills');
is(fill('failed'), 0, 'none failed');

done_testing();
