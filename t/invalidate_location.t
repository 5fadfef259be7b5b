#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# RFC 9111 section 4.4: what Location and Content-Location of an answer to an
# unsafe method name is invalidated with the URI of the request, if it is of
# the same origin: of another one it never is, or anyone could empty the
# cache of others.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Nginx;
use QC::Upstream;

my @fresh = ('Cache-Control' => 'max-age=600');

# the path of a POST has the fields of its answer, in hexadecimal

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => sub {
        my ($req) = @_;

        return { body => 'rows', headers => [@fresh] }
            if $req->{method} ne 'POST';

        my ($status, @fields) = map { pack 'H*', $_ }
            split /-/, ($req->{path} =~ m{([^/]+)$})[0], -1;

        return { status => $status, headers => [@fields] };
    },
});

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

$t->write_file_expand('nginx.conf', <<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        disk %%TESTDIR%%/store;
    }

    add_header X-Status $query_cache_status always;
    add_header X-Reason $query_cache_reason always;

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        query_cache z;

        location / {
            proxy_pass http://127.0.0.1:%%PORT_up%%;
            proxy_redirect http://inner:1234/ /outer/;
        }

        location = /query_cache {
            query_cache off;
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

my $stored = 0;
my $n = 0;

sub status {
    my ($uri) = @_;

    my $r = $t->get($uri);

    return join ' ', $r->header('X-Status'), $r->header('X-Reason') // '-';
}

sub post {
    my ($path, @answer) = @_;

    my $uri = $path . join '-', map { unpack 'H*', $_ } @answer;
    is($t->post($uri, 'x')->header('X-Status'), 'BYPASS', "@answer");
}

sub lost {
    my ($get, $path, @answer) = @_;

    $get =~ s/%N/++$n/e;
    s/%N/$n/ for @answer;

    status($get);
    ok($t->wait_stats('/query_cache', 'store', 'stored', ++$stored),
        "$get: stored");
    is(status($get), 'HIT -', "$get: a hit");

    post($path, @answer);

    return status($get);
}

sub gone {
    my ($get, $path, @answer) = @_;

    is(lost(@_), 'MISS invalidated', "$get: invalidated");
    ok($t->wait_stats('/query_cache', 'store', 'stored', ++$stored),
        "$get: stored again");
}

sub kept {
    my ($get, $path, @answer) = @_;

    is(lost(@_), 'HIT -', "$get: still there");
}

# nginx listens on a port that is no default one: Host has none of it

for my $field ('Location', 'Content-Location') {
    gone('/a%N', '/', 201, $field, '/a%N');
    gone('/a%N?x=1&y', '/', 201, $field, '/a%N?x=1&y#there');
    gone('/a%N', '/', 201, $field, 'a%N');
    gone('/d/a%N', '/d/e/', 201, $field, '../a%N');
    gone('/a%N', '/d/e/', 201, $field, '../../../../x/./../a%N');
    gone('/a%N', '/', 201, $field, 'http://localhost/a%N');
    gone('/a%N', '/', 201, $field, 'HTTP://LOCALHOST:80/a%N');
    gone('/a%N', '/', 201, $field, '//localhost/a%N');
    gone('/a%N', '/', 201, $field, '/%61%N');
    gone('/a%N', '/', 201, $field, '/a%N?');

    kept('/a%N', '/', 201, $field, '/a%N/');
    kept('/a%N', '/', 201, $field, 'http://elsewhere/a%N');
    kept('/a%N', '/', 201, $field, 'https://localhost/a%N');
    kept('/a%N', '/', 201, $field, 'http://localhost:8080/a%N');
    kept('/a%N', '/', 201, $field, 'http://user@localhost/a%N');
    kept('/a%N', '/', 201, $field, 'http://localhost@elsewhere/a%N');
    kept('/a%N', '/', 201, $field, '//elsewhere/a%N');
    kept('/a%N', '/', 201, $field, 'ftp://localhost/a%N');
    kept('/a%N', '/', 201, $field, "/a%N\tb");
    kept('/a%N', '/', 201, $field, '/ a%N');
    kept('/a%N', '/', 201, $field, '');

    kept('/a%N', '/', 404, $field, '/a%N');
    gone('/a%N', '/', 303, $field, '/a%N');
}

# both, and some more than there should be

gone('/both%N', '/', 201, Location => '/other', 'Content-Location' => '/both%N');
gone('/both%N', '/', 201, Location => '/both%N', 'Content-Location' => '/other');

# as clients see them

gone('/outer/a%N', '/', 201, Location => 'http://inner:1234/a%N');

# the port of the request

my $uri = '/' . join '-', map { unpack 'H*', $_ } 201, 'Location',
    'http://localhost:8080/port';

status('/port');
ok($t->wait_stats('/query_cache', 'store', 'stored', ++$stored), 'stored');
$t->post($uri, 'x', headers => [Host => 'localhost:8080']);
is(status('/port'), 'MISS invalidated', 'the port of the request');

done_testing();
