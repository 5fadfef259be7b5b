#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# An answer that is for one client, or that the upstream forbids to store, or
# whose form the cache could not give to others (Vary, Content-Encoding,
# trailers), is passed on as it is and not stored, whatever the lifetime it
# names; the reason is in the variable and counted.  A stored Set-Cookie
# would hand one user's session to all.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

# name, reason (none: stored), header fields

my @cases = (
    ['plain'],
    ['Set-Cookie', 'set_cookie', 'Set-Cookie' => 'a=b'],
    ['Set-Cookie, empty', 'set_cookie', 'Set-Cookie' => 'a='],
    ['Set-Cookie, lower case', 'set_cookie', 'set-cookie' => 'a=b; Path=/'],
    ['two cookies', 'set_cookie', 'Set-Cookie' => 'a=b',
        'Set-Cookie' => 'c=d'],
    ['no-store', 'cache_control', 'Cache-Control' => 'no-store'],
    ['No-Store', 'cache_control', 'Cache-Control' => 'No-Store'],
    ['private', 'cache_control', 'Cache-Control' => 'private'],
    ['private field', undef, 'Cache-Control' => 'private="x"'],
    ['private type', 'cache_control',
        'Cache-Control' => 'private="Content-Type"'],
    ['no-cache', 'cache_control', 'Cache-Control' => 'no-cache'],
    ['no-store last', 'cache_control',
        'Cache-Control' => 'max-age=500, public, no-store'],
    ['no-store second', 'cache_control', 'Cache-Control' => 'max-age=500',
        'Cache-Control' => 'no-store'],
    ['no-store, X-Accel-Expires', 'cache_control',
        'X-Accel-Expires' => 500, 'Cache-Control' => 'no-store'],
    ['not to be read', 'cache_control', 'Cache-Control' => 'a="b, no-store'],
    ['other words', undef, 'Cache-Control' => 'public, a="no-store", b=c'],
    ['Vary *', 'vary', Vary => '*'],
    ['Vary Accept, *', 'vary', Vary => 'Accept, *'],
    ['Vary, last', 'vary', Vary => 'Accept-Encoding, "X-User"'],
    ['Vary, second', 'vary', Vary => 'Accept-Encoding', Vary => '*'],
    ['Vary by the key', undef, Vary => 'Accept-Encoding, Authorization',
        Vary => 'cookie'],
    ['br', 'content_encoding', 'Content-Encoding' => 'br'],
    ['deflate', 'content_encoding', 'Content-Encoding' => 'deflate'],
    ['Content-Range', 'status', 'Content-Range' => 'bytes 0-3/10'],
);

my %routes = map { +"/$_" => { body => "body $_", headers => [
    'Content-Type' => 'text/plain', @{$cases[$_]}[2 .. $#{$cases[$_]}]] } }
    0 .. $#cases;

my $up = QC::Upstream->start(port => port('up'), routes => { %routes,
    '/last' => { body => 'last' },
    '/trailers' => { body => 'body', chunked => 1,
        trailers => ['X-ClickHouse-Exception-Code' => 1] },
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

    proxy_http_version 1.1;
    proxy_set_header Connection '';
    add_header X-Status "$query_cache_status $query_cache_reason" always;

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            query_cache z;
            query_cache_valid any 1h;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /plain/ {
            proxy_pass http://127.0.0.1:%%PORT_up%%/;
        }

        location = /query_cache {
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

sub fields {
    my ($r) = @_;

    return join "\n", $r->status, $r->reason, (sort map { "$_->[0]: $_->[1]" }
        grep { $_->[0] !~ /^(?:Date|X-Status|Accept-Ranges|Age|Cache-Status)$/ }
        @{$r->headers}), $r->body;
}

my ($stored, %reasons) = (0);

for my $n (0 .. $#cases) {
    my ($name, $reason) = @{$cases[$n]};

    my $plain = fields($t->get("/plain/$n"));
    my $r = $t->get("/$n");

    is(fields($r), $plain, "$name: passed on");

    if (defined $reason) {
        is($r->header('X-Status'), "MISS $reason", "$name: not stored");
        $r = $t->get("/$n");
        is($r->header('X-Status'), "MISS $reason", "$name: nor again");
        is(fields($r), $plain, "$name: passed on again");
        $reasons{$reason} += 2;
        next;
    }

    is($r->header('X-Status'), 'MISS absent', "$name: a miss");
    ok($t->wait_stats('/query_cache', 'store', 'stored', ++$stored),
        "$name: stored");

    $r = $t->get("/$n");
    is($r->header('X-Status'), 'HIT', "$name: a hit");
    is(fields($r), $plain, "$name: the same");
}

# what trailers say of the body (that it broke off, for example) would be
# lost in a hit

for my $time ('first', 'second') {
    my $r = $t->get('/trailers');
    is($r->body, 'body', "trailers, $time: passed on");
    is($r->header('X-Status'), 'MISS trailers', "trailers, $time: not stored");
}

# stores are done in order: what comes last shows that there was no other

$t->get('/last');
ok($t->wait_stats('/query_cache', 'store', 'stored', ++$stored), 'the last');
is($t->stats('/query_cache', 'store', 'stored'), $stored, 'nothing else');
is($t->stats('/query_cache', 'reason', $_), $reasons{$_}, "reason $_")
    for sort keys %reasons;

done_testing();
