#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Interim answers (1xx) are never stored as the answer, whatever fields they
# have.  nginx from 1.29 on takes the answer behind 103 for what it is, and
# that one is stored with its own fields; before, and with other interim
# statuses, it takes the first for all there is, with the answer as its body:
# that is passed on as it is without the cache, and not stored.  With a 103
# nginx forgets what an earlier location has said; what is stored is whole.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $fresh = "Cache-Control: max-age=1000\r\nLink: </a.css>; rel=preload\r\n";
my %interim;

$interim{$_} = ["HTTP/1.1 $_ Interim\r\n$fresh\r\n"] for 100, 102, 103, 199;
$interim{twice} = [("HTTP/1.1 103 Early Hints\r\n$fresh\r\n") x 2];
$interim{bare} = ["HTTP/1.1 103 Early Hints\r\n\r\n"];
$interim{late} = ["HTTP/1.1 103 Early Hints\r\n$fresh\r\n", [delay => 0.1]];
$interim{sized} = ["HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n"
    . "ETag: \"1\"\r\n$fresh\r\n"];

my %routes;

for my $name (keys %interim) {
    my $answer = { interim => $interim{$name}, body => 'the answer',
        close => 1 };

    # its own lifetime, or that of query_cache_valid

    $routes{"/own/$name"} = { %$answer,
        headers => ['Cache-Control' => 'max-age=500'] };
    $routes{"/any/$name"} = $answer;
    $routes{"/chunked/$name"} = { %$answer, chunked => 1 };
}

$routes{'/redirect'} = { body => '', headers => [
    'X-Accel-Redirect' => '/after', 'Content-Disposition' => 'inline',
    'Cache-Control' => 'max-age=400'] };
$routes{'/after'} = { interim => $interim{103}, body => 'after', headers =>
    ['X-A' => 'a', 'X-B' => 'b', 'X-C' => 'c',
    'Cache-Control' => 'max-age=500'] };
$routes{'/last'} = { body => 'last', headers => ['Cache-Control' =>
    'max-age=500'] };

my $up = QC::Upstream->start(port => port('up'), routes => \%routes);

$t->write_file_expand('nginx.conf', <<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        disk %%TESTDIR%%/store;
    }

    query_cache_cache_status off;
    query_cache_valid any 1h;
    proxy_http_version 1.1;
    proxy_set_header Connection '';

    add_header X-Cache $query_cache_status always;

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            query_cache z;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /unbuffered/ {
            query_cache z;
            proxy_buffering off;
            proxy_pass http://127.0.0.1:%%PORT_up%%/;
        }

        location = /redirect {
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /plain/ {
            query_cache off;
            proxy_pass http://127.0.0.1:%%PORT_up%%/;
        }

        location = /query_cache {
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

my $hints = $t->version('1.29.0');
my $stored = 0;

# all that is sent, without what differs by itself

sub bytes {
    my ($uri) = @_;

    return http("GET $uri HTTP/1.1\r\nHost: localhost\r\n"
        . "Connection: close\r\n\r\n") =~ s/^(?:Date|X-Cache): .*\r\n//mgr;
}

for my $name (sort keys %interim) {
    my $known = $hints && $name !~ /^1(?:00|02|99)/;

    for my $way ('/own', '/any', '/chunked', '/unbuffered/own',
        '/unbuffered/any', '/unbuffered/chunked')
    {
        my $uri = "$way/$name";
        my $plain = bytes('/plain' . $uri =~ s{^/unbuffered}{}r);

        if (!$known) {
            is(bytes($uri), $plain, "$uri: passed on");
            is(bytes($uri), $plain, "$uri: and again");
            next;
        }

        my $r = $t->get($uri);
        is($r->status, 200, "$uri: the answer");
        is($r->header('X-Cache'), 'MISS', "$uri: a miss");
        ok($t->wait_stats('/query_cache', 'store', 'stored', ++$stored),
            "$uri: stored");

        $r = $t->get($uri);
        is($r->status, 200, "$uri: the same answer");
        is($r->header('X-Cache'), 'HIT', "$uri: a hit");
        is($r->body, 'the answer', "$uri: its body");
        is($r->header('Cache-Control'), $way =~ /own/ ? 'max-age=500' : undef,
            "$uri: its lifetime");
        is($r->header($_), undef, "$uri: no $_ of the hints")
            for qw/Link ETag/;
        is($r->header('Content-Length'), 10, "$uri: its length");
    }
}

if ($hints) {
    $t->get('/redirect');
    ok($t->wait_stats('/query_cache', 'store', 'stored', ++$stored),
        'after a redirect: stored');

    my $r = $t->get('/redirect');
    is($r->header('X-Cache'), 'HIT', 'after a redirect: a hit');
    is(join(' ', map { $r->header("X-$_") // '-' } qw/A B C/), 'a b c',
        'after a redirect: all fields');
}

# stores are done in order: what comes last shows that there was no other

$t->get('/last');
ok($t->wait_stats('/query_cache', 'store', 'stored', ++$stored), 'the last');
is($t->stats('/query_cache', 'store', 'stored'), $stored, 'nothing else');
is($t->stats('/query_cache', 'store', 'failed'), 0, 'no store failed');
is($t->stats('/query_cache', 'request', 'hit'), $stored - 1,
    'no other was a hit');

done_testing();
