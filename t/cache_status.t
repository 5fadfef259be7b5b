#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# RFC 9211: every answer that had to do with the cache says in Cache-Status
# what was done with the request, in one line behind those of caches nearer
# to the origin.  What it says is never stored.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Nginx;
use QC::Upstream;

my @fresh = ('Cache-Control' => 'max-age=600');

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => { body => 'rows', headers => [@fresh, ETag => '"a"'] },
    '/none' => { body => 'rows', headers => ['Cache-Control' => 'no-store'] },
    '/404' => { status => 404, headers => [@fresh] },
    '/500' => { status => 500 },
    '/outer' => { body => 'rows', headers => [@fresh,
        'Cache-Status' => 'origin; hit', 'cache-status' => 'shield; fwd=miss',
        Date => 'Fri, 20 Nov 2026 10:00:00 GMT'] },
    '/vary' => sub { return { body => $_[0]{headers}{'x-lang'} // '',
        headers => [@fresh, Vary => 'X-Lang'] } },
    '/old' => sub {
        my ($req, $n) = @_;

        return { status => 503 } if $n > 3;
        return { body => "rows $n", headers => [ETag => "\"$n\"",
            'Cache-Control' => 'max-age=600, stale-if-error=600',
            Age => 700] };
    },
    '/same' => sub {
        return { status => 304, headers => [ETag => '"s"', @fresh] }
            if $_[0]{headers}{'if-none-match'};
        return { body => 'rows', headers => [ETag => '"s"',
            'Cache-Control' => 'max-age=600', Age => 600] };
    },
});

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

mkdir $t->testdir . '/static';
spew($t->testdir . '/static/file', 'a file');

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

        query_cache         z;
        query_cache_methods GET HEAD POST QUERY;
        query_cache_client_control on;
        query_cache_bypass  $arg_bypass;

        location / {
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /off/ {
            query_cache_cache_status off;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /plain/ {
            query_cache_cache_status edge-1.example:8080/a;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /key/ {
            query_cache_cache_status edge key;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /quoted/ {
            query_cache_cache_status "the \"edge\" \\ 1" key detail;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /static/ {
            query_cache_valid 10m;
            root %%TESTDIR%%;
        }

        location /down/ {
            proxy_pass http://127.0.0.1:%%PORT_nobody%%;
        }

        location /uncached/ {
            query_cache off;
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

my $stored = 0;

sub status {
    my ($r) = @_;

    return join ' | ', $r->header_all('Cache-Status');
}

sub ask {
    my ($method, $uri, @o) = @_;

    return status($t->client->request($method, $uri, @o));
}

sub stored {
    ok($t->wait_stats('/query_cache', 'store', 'stored', ++$stored),
        "$_[0]: stored");
}

sub hit {
    my ($got, $name, $rest, $from, $to) = @_;

    ($from, $to) = (500, 600) if !defined $from;

    my ($ttl) = $got =~ s/; ttl=(-?\d+)// ? $1 : 'none';

    is($got, "$name; hit$rest", "$name$rest: a hit");
    ok($ttl =~ /^-?\d+$/ && $ttl >= $from && $ttl <= $to, 'its ttl')
        or diag("ttl $ttl");
}

# a miss, and what has to do with no entry

is(ask('GET', '/a'),
    'query_cache; fwd=uri-miss; fwd-status=200; stored; detail=absent',
    'a miss');
stored('a');
is(ask('HEAD', '/b'), 'query_cache; fwd=uri-miss; fwd-status=200;'
    . ' detail=absent', 'HEAD is not stored');
is(ask('GET', '/none'),
    'query_cache; fwd=uri-miss; fwd-status=200; detail=cache_control',
    'what must not be stored');
is(ask('POST', '/a', body => 'q'),
    'query_cache; fwd=miss; fwd-status=200; stored; detail=absent', 'POST');
stored('POST');
is(ask('QUERY', '/a', body => 'q',
        headers => ['Content-Type' => 'text/plain']),
    'query_cache; fwd=miss; fwd-status=200; stored; detail=absent', 'QUERY');
stored('QUERY');
is(ask('DELETE', '/a/b'),
    'query_cache; fwd=method; fwd-status=200; detail=method', 'DELETE');
is(ask('GET', '/a?bypass=1'), 'query_cache; fwd=bypass; fwd-status=200;'
    . ' stored; detail=bypass_rule', 'a rule');
stored('bypass');
is(ask('GET', '/404'),
    'query_cache; fwd=uri-miss; fwd-status=404; stored; detail=absent',
    'not found');
stored('404');
like(ask('GET', '/500'),
    qr/^query_cache; fwd=uri-miss; fwd-status=500; detail=\w+$/, 'an error');
is(ask('GET', '/down/'), 'query_cache; fwd=uri-miss; detail=status',
    'no upstream: no status of it');
is(ask('GET', '/uncached/'), '', 'not in the cache');
is(ask('GET', '/query_cache'), '', 'nor the counters');

# hits, in every form

hit(ask('GET', '/a'), 'query_cache', '');
hit(ask('HEAD', '/a'), 'query_cache', '');
hit(ask('POST', '/a', body => 'q'), 'query_cache', '');
hit(ask('GET', '/404'), 'query_cache', '');

my $r = $t->get('/a', headers => ['If-None-Match' => '"a"']);
is($r->status, 304, 'not modified');
hit(status($r), 'query_cache', '');

$r = $t->get('/a', headers => [Range => 'bytes=1-2']);
is($r->status, 206, 'a part');
hit(status($r), 'query_cache', '');

# the client's own wish

like(ask('GET', '/a', headers => ['Cache-Control' => 'no-cache']),
    qr/^query_cache; fwd=request; fwd-status=200; stored; detail=\w+$/,
    'the client wants another');
stored('again');
is(ask('GET', '/cold', headers => ['Cache-Control' => 'only-if-cached']),
    'query_cache; detail=absent', 'no hit, and not forwarded');

# variants

is(ask('GET', '/vary', headers => ['X-Lang' => 'de']),
    'query_cache; fwd=uri-miss; fwd-status=200; stored; detail=absent',
    'the first variant');
stored('de');
is(ask('GET', '/vary', headers => ['X-Lang' => 'en']),
    'query_cache; fwd=vary-miss; fwd-status=200; stored; detail=absent',
    'another one');
stored('en');
hit(ask('GET', '/vary', headers => ['X-Lang' => 'de']), 'query_cache', '');

# validated

is(ask('GET', '/same'),
    'query_cache; fwd=uri-miss; fwd-status=200; stored; detail=absent',
    'stale from the start');
stored('same');
is(ask('GET', '/same'),
    'query_cache; fwd=stale; fwd-status=304; detail=stale', 'validated');
hit(ask('GET', '/same'), 'query_cache', '');

# too old: replaced, then served for want of another

ask('GET', '/old');
stored('old');
is(ask('GET', '/old'),
    'query_cache; fwd=stale; fwd-status=200; stored; detail=stale',
    'replaced');
stored('replaced');
hit(ask('GET', '/old', headers => ['Cache-Control' => 'max-stale']),
    'query_cache', '', -200, 0);
ask('GET', '/old');
stored('replaced again');

my $got = ask('GET', '/old');
ok($got =~ s/; ttl=(0|-\d+);/;/, 'its ttl') or diag($got);
is($got, 'query_cache; fwd=stale; fwd-status=503; detail=stale',
    'stale, after an error');

# behind others

for my $what ('fwd=uri-miss; fwd-status=200; stored; detail=absent', 'hit') {
    $r = $t->get('/outer');
    my @lines = $r->header_all('Cache-Status');
    is(scalar @lines, 3, "$what: one line more");
    is("$lines[0] | $lines[1]", 'origin; hit | shield; fwd=miss',
        "$what: in order");
    like($lines[2], qr/^query_cache; \Q$what\E/, "$what: ours is the last");
    stored('outer') if $what ne 'hit';
}

# a file: there is no upstream

is(ask('GET', '/static/file'),
    'query_cache; fwd=uri-miss; stored; detail=absent', 'a file');
stored('file');
hit(ask('GET', '/static/file'), 'query_cache', '');

# names and what is told

is(ask('GET', '/off/'), '', 'off');
stored('off');
is(ask('GET', '/off/'), '', 'off: a hit');

is(ask('GET', '/plain/'),
    'edge-1.example:8080/a; fwd=uri-miss; fwd-status=200; stored',
    'no detail');
stored('plain');
hit(ask('GET', '/plain/'), 'edge-1.example:8080/a', '');

$got = ask('GET', '/key/');
my ($key) = $got =~ /; key="([0-9a-f]{64})"$/;
is($got, "edge; fwd=uri-miss; fwd-status=200; stored; key=\"$key\"", 'a key');
stored('key');
hit(ask('GET', '/key/'), 'edge', "; key=\"$key\"");
isnt(ask('GET', '/key/2') =~ /key="(\w+)"/ ? $1 : '', $key, 'another one');
stored('another one');
is(ask('PUT', '/key/', body => 'x'), 'edge; fwd=method; fwd-status=200',
    'no key was made');

$got = ask('GET', '/quoted/');
ok($got =~ s/; key="\w{64}"//, 'a key') or diag($got);
is($got, '"the \"edge\" \\\\ 1"; fwd=uri-miss; fwd-status=200; stored;'
    . ' detail=absent', 'quoted');
stored('quoted');

done_testing();
