#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# An entry that came encoded has the upstream's strong tag as a weak one.  It
# is validated by it all the same, and stays plain and weak: a 304 with the
# strong tag is about it, and one with digests of the encoded bytes does not
# give it these.  Otherwise each validation would cost two requests.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use IO::Compress::Gzip qw/gzip/;

use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my ($plain, $other) = ('a line of text ' x 500, 'another line ' x 500);
gzip(\$plain => \my $packed);
gzip(\$other => \my $packed2);

my @coded = ('Content-Encoding' => 'gzip', 'Cache-Control' => 'no-cache',
    'Repr-Digest' => 'sha-256=:AA==:');

my %asked;

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => sub {
        my ($req) = @_;
        my $n = ++$asked{$req->{path}};
        my $weak = $req->{path} =~ /weak/ ? 'W/' : '';
        my $changed = $req->{path} =~ /changed/ && $n > 2;
        my $tag = $changed ? '"2"' : '"1"';

        return { status => 304, headers => [@coded[2 .. 5], ETag =>
            "$weak$tag", 'X-New' => $n] }
            if ($req->{headers}{'if-none-match'} // '') =~ /\Q$tag/;

        return { body => $changed ? $packed2 : $packed, headers =>
            [@coded, ETag => "$weak$tag", 'X-New' => $n] };
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

    add_header X-Cache $query_cache_status;

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            query_cache z;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /query_cache {
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

my $stored = 0;

sub validated {
    my ($uri, $n, $body) = @_;

    my $r = $t->get($uri);
    is($r->header('X-Cache'), 'REVALIDATED', "$uri, $n: validated");
    is($r->body, $body, "$uri, $n: the body");
    is($r->header('ETag'), 'W/"1"', "$uri, $n: a weak tag");
    is($r->header('Content-Encoding'), undef, "$uri, $n: plain");
    is($r->header('Repr-Digest'), undef, "$uri, $n: no digest");
    is($r->header('X-New'), $n, "$uri, $n: a field of the 304");
    is($up->hits($uri), $n, "$uri, $n: one request");
    is($up->last($uri)->{headers}{'if-none-match'}, 'W/"1"',
        "$uri, $n: its condition");
}

for my $uri (qw{/strong /weak}) {
    is($t->get($uri)->header('X-Cache'), 'MISS', "$uri: a miss");
    ok($t->wait_stats('/query_cache', 'store', 'stored', ++$stored),
        "$uri: stored");

    validated($uri, $_, $plain) for 2, 3;
}

# another one takes its place

$t->get('/changed');
ok($t->wait_stats('/query_cache', 'store', 'stored', ++$stored), 'stored');
validated('/changed', 2, $plain);

my $r = $t->get('/changed');
is($r->header('ETag'), '"2"', 'another answer');
is($r->body, $packed2, 'passed on');
ok($t->wait_stats('/query_cache', 'store', 'stored', ++$stored), 'stored');

$r = $t->get('/changed');
is($r->header('X-Cache'), 'REVALIDATED', 'it is validated');
is($r->header('ETag'), 'W/"2"', 'by its own tag');
is($r->body, $other, 'and plain');

done_testing();
