#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Requests the upstream can tell apart have different keys: the host, the
# path as it was written ("/a%2Fb" is not "/a/b"), the arguments byte by
# byte.  A key of the decoded path, or of parts put together without their
# lengths, would mix them up.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => sub { return { body => "$_[0]{headers}{host} $_[0]{uri}" } },
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
            query_cache_valid 1h;
            add_header X-Status $query_cache_status;
            add_header X-Key $query_cache_key;
            proxy_set_header Host $http_host;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /query_cache {
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

# all different: path, arguments, host

my @requests = (
    ['/a/b'], ['/a%2Fb'], ['/a%2fb'], ['/a//b'], ['/a/./b'], ['/a/c/../b'],
    ['/A/b'], ['/a/b/'], ['/%61/b'], ['/a/b;x'], ['/a%20b'], ['/a+b'],
    ['/a%3Fb=1'], ['/a%00b'], ["/\xc3\xa9"], ['/%C3%A9'], ['/%c3%a9'],
    ['/a/b?x=1'], ['/a/b?x=1&y=2'], ['/a/b?y=2&x=1'],
    ['/a/b?x=1&'], ['/a/b?x=%31'], ['/a/b?X=1'], ['/a/b?x=1&x=1'],
    ['/a/b?x=/a/b'], ['/a/b?x=1?y=2'], ['/a/bx=1'], ['/a/b?x'],
    ['/a/b', 'other'], ['/a/b', 'localhost.other'], ['/b', 'localhost'],
    ['/calhost/a/b', 'lo'], ['/a/b', 'a'], ['/b', 'a'],
);

my (%seen, %keys);
my $stored = 0;

for my $request (@requests) {
    my ($uri, $host) = @$request;
    my @o = (headers => [Host => $host // 'localhost']);
    my $name = join ' ', $host // (),
        $uri =~ s/([^ -~])/sprintf '\\x%x', ord $1/ger;

    my $r = $t->get($uri, @o);

    # nothing but "%00" is refused by nginx itself
    if ($r->status == 400) {
        is($uri, '/a%00b', "$name: refused");
        next;
    }

    my $key = $r->header('X-Key');

    is($r->header('X-Status'), 'MISS', "$name: a miss");
    is($r->body, ($host // 'localhost') . " $uri", "$name: its answer");
    is($keys{$key}, undef, "$name: its key");
    $keys{$key} = $name;

    ok($t->wait_stats('/query_cache', 'store', 'stored', ++$stored),
        "$name: stored");
    $r = $t->get($uri, @o);
    is($r->header('X-Status') . ' ' . $r->body,
        'HIT ' . ($host // 'localhost') . " $uri", "$name: a hit");
}

# no arguments are no arguments

is($t->get('/a/b?')->header('X-Status'), 'HIT', '"/a/b?" is "/a/b"');

# the host is one in any case and with any port

for my $host (qw/LOCALHOST LocalHost localhost:80 localhost./) {
    is($t->get('/a/b', headers => [Host => $host])->header('X-Status'),
        'HIT', "$host is localhost");
}

# an absolute request line names the host, but here the field is passed on

for my $host (qw/localhost third/) {
    like(http("GET http://other/a/b HTTP/1.1\r\nHost: $host\r\n"
        . "Connection: close\r\n\r\n"),
        qr/X-Status: MISS.*$host \/a\/b/s,
        "the host of the request line, and $host");
}

like(http("GET http://other/a/b HTTP/1.1\r\nHost: other\r\n"
    . "Connection: close\r\n\r\n"), qr/X-Status: HIT.*other \/a\/b/s,
    'the host of both');

# what is behind "#" goes upstream

for my $uri ('/a/b#c', '/a/b#d?e', '/a/b#d?f', '/a/b?g#h', '/a/b?g#i') {
    like(http("GET $uri HTTP/1.1\r\nHost: localhost\r\n"
        . "Connection: close\r\n\r\n"), qr/X-Status: MISS/,
        "a fragment: $uri");
}

done_testing();
