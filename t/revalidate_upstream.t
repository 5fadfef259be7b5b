#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# An entry that is too old is validated: the upstream gets its ETag and
# Last-Modified in place of the client's conditions, and 304 is answered from
# the store, with the fields the 304 brought. The object stays as it is. What
# is said of another answer, or of a body that is gone, is asked again as a
# whole; so the client never sees a 304 it did not ask for.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::FakeS3;
use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $date = 'Mon, 28 Sep 2020 06:00:00 GMT';

# answers conditions as a server does; "no-cache" has each use validated

sub origin {
    my ($tag, $fields, $fresh) = @_;

    return sub {
        my ($req, $n) = @_;
        my $none = $req->{headers}{'if-none-match'};

        return { status => 304, headers => [ETag => $tag, @$fresh] }
            if defined $none && $none eq $tag;

        return { body => "body $n", headers => [ETag => $tag,
            'Cache-Control' => 'no-cache', @$fields] };
    };
}

my $s3 = QC::FakeS3->start(port => port('s3'));
my $up = QC::Upstream->start(port => port('up'), routes => {
    '/etag' => origin('"a"', ['X-Kept' => 1, 'X-New' => 1,
        'Content-Type' => 'text/a'], ['X-New' => 2, 'Content-Type' => 'x/y',
        'Cache-Control' => 'max-age=600', Connection => 'X-Hop',
        'X-Hop' => 1, Age => 5]),
    '/weak' => origin('W/"a"', [], []),
    '/same' => origin('"a"', [], []),
    '/buffer/*' => origin('"a"', [], []),
    '/store/*' => origin('"a"', [], []),
    '/nothing' => { status => 404 },
'/page/*' => origin('"a"', [], []),
    '/cookie' => origin('"a"', [], ['Set-Cookie' => 'a=b']),
    '/forbid' => origin('"a"', [], ['Cache-Control' => 'no-store']),
    '/gone' => origin('"a"', [], []),
    '/modified' => sub {
        my ($req, $n) = @_;
        return { status => 304 } if $req->{headers}{'if-modified-since'};
        return { body => "body $n", headers => ['Last-Modified' => $date,
            'Cache-Control' => 'no-cache'] };
    },
    '/other' => sub {
        my ($req, $n) = @_;
        return { status => 304, headers => [ETag => '"b"'] }
            if $req->{headers}{'if-none-match'};
        return { body => "body $n", headers => [ETag => '"a"',
            'Cache-Control' => 'no-cache'] };
    },
    '/changed' => sub {
        my ($req, $n) = @_;
        return { body => "body $n", headers => [ETag => "\"$n\"",
            'Cache-Control' => 'no-cache'] };
    },
    '/never' => origin('"a"', [], []),
    'POST /post' => origin('"a"', [], []),
    'QUERY /query' => origin('"a"', [], []),
});

$t->write_file_expand('nginx.conf', <<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        s3 http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;
    }

    upstream u {
        server 127.0.0.1:%%PORT_up%%;
        keepalive 4;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        query_cache z;
        query_cache_methods GET HEAD POST QUERY;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        add_header X-Status $query_cache_status;
        client_body_buffer_size 1k;

        location / {
            proxy_pass http://u;
        }

        location /buffer/ {
            proxy_buffering off;
            proxy_pass http://u;
        }

        location /store/ {
            proxy_store %%TESTDIR%%/stored;
            proxy_pass http://u;
        }

        location /page/ {
            error_page 304 404 = /nothing;
            proxy_intercept_errors on;
            proxy_pass http://u;
        }

        location /never {
            query_cache_revalidate off;
            proxy_pass http://u;
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

sub stored { $t->wait_stats('/query_cache', 'store', 'stored', ++$stored) }
sub lose { $s3->delete($_) for $s3->keys }

sub asked {
    my ($uri) = @_;
    my $h = $up->last(qr{ $uri$})->{headers};

    return join ' ', map { $h->{$_} // '-' } qw/if-none-match
        if-modified-since/;
}

sub is_answer {
    my ($r, $status, $cache, $body, $name) = @_;

    is(join(' ', $r->status, $r->header('X-Status') // '-', $r->body),
        "$status $cache $body", $name);
}

# the fields of a 304 are those of the entry from then on

is_answer($t->get('/etag'), 200, 'MISS', 'body 1', 'a miss');
ok(stored(), 'stored');

my $r = $t->get('/etag');
is_answer($r, 200, 'REVALIDATED', 'body 1', 'validated');
is(asked('/etag'), '"a" -', 'by its tag');
is($r->header('X-Kept'), 1, 'fields stay');
is($r->header('X-New'), 2, 'or are replaced');
is($r->header('X-Hop'), undef, 'but those of the connection');
is($r->header('Content-Type'), 'text/a', 'and those of the body');
is($r->header('Cache-Control'), 'max-age=600', 'so is the lifetime');
cmp_ok($r->header('Age'), '>=', 5, 'and the age');

$r = $t->get('/etag');
is_answer($r, 200, 'HIT', 'body 1', 'fresh again');
is($r->header('X-New'), 2, 'with the new field');
cmp_ok($r->header('Age'), '>=', 5, 'and age');
is($up->hits('/etag'), 2, 'the upstream was asked twice');
is($s3->count(qr/^PUT/), 1, 'the object was written once');

# what clients ask for is answered by what is known then

for my $uri ('/same', '/weak', '/buffer/a', '/store/a') {
    my $tag = $uri eq '/weak' ? 'W/"a"' : '"a"';

    is_answer($t->get($uri), 200, 'MISS', 'body 1', "$uri: a miss");
    ok(stored(), "$uri: stored");

    my $c = $t->client;

    for my $case (
        [200, []],
        [304, ['If-None-Match' => $tag]],
        [304, ['If-None-Match' => '"x", "a"']],
        [304, ['If-None-Match' => '*']],
        [200, ['If-None-Match' => '"x"']],
        [200, ['If-None-Match' => '"x"', 'If-Modified-Since' => $date]],
        [206, [Range => 'bytes=0-3']],
    ) {
        my ($status, $headers) = @$case;

        $r = $c->get($uri, headers => $headers);
        is_answer($r, $status, 'REVALIDATED', $status == 304 ? ''
            : $status == 206 ? 'body' : 'body 1', "$uri @$headers");
        is(asked($uri), "$tag -", "$uri @$headers: upstream");
        is($up->last(qr{ $uri$})->{headers}{range}, undef,
            "$uri: of all of it");
    }
}

is_answer($t->get('/modified'), 200, 'MISS', 'body 1', 'by date: a miss');
ok(stored(), 'by date: stored');
is_answer($t->get('/modified'), 200, 'REVALIDATED', 'body 1',
    'by date: validated');
is(asked('/modified'), "- $date", 'by date: upstream');

# about another answer, and another answer

is_answer($t->get('/other'), 200, 'MISS', 'body 1', 'other: a miss');
ok(stored(), 'other: stored');
is_answer($t->get('/other'), 200, 'EXPIRED', 'body 3', 'other: asked again');
is(asked('/other'), '- -', 'other: without conditions');
ok(stored(), 'other: and stored');

is_answer($t->get('/changed'), 200, 'MISS', 'body 1', 'changed: a miss');
ok(stored(), 'changed: stored');
is_answer($t->get('/changed'), 200, 'EXPIRED', 'body 2', 'changed: answered');
is(asked('/changed'), '"1" -', 'changed: upstream');
ok(stored(), 'changed: stored again');
is_answer($t->get('/changed', headers => ['If-None-Match' => '"3"']), 304,
    'EXPIRED', '', 'changed: to what the client has');
ok(stored(), 'changed: and stored all the same');

# a cookie is for this client alone

is_answer($t->get('/cookie'), 200, 'MISS', 'body 1', 'cookie: a miss');
ok(stored(), 'cookie: stored');
$r = $t->get('/cookie');
is_answer($r, 200, 'REVALIDATED', 'body 1', 'cookie: validated');
is($r->header('Set-Cookie'), 'a=b', 'cookie: passed on');

# a 304 may end an entry

is_answer($t->get('/forbid'), 200, 'MISS', 'body 1', 'forbidden: a miss');
ok(stored(), 'forbidden: stored');
is_answer($t->get('/forbid'), 200, 'REVALIDATED', 'body 1',
    'forbidden: but good once more');
is_answer($t->get('/forbid'), 200, 'MISS', 'body 3', 'forbidden: dropped');
ok(stored(), 'forbidden: by itself it may be stored');

# where nginx keeps even a 304 from filters, the whole is asked for

is_answer($t->get('/page/a'), 200, 'MISS', 'body 1', 'page: a miss');
ok(stored(), 'page: stored');
is_answer($t->get('/page/a'), 200, 'EXPIRED', 'body 3', 'page: asked again');
ok(stored(), 'page: stored');

# a body that is gone

is_answer($t->get('/gone'), 200, 'MISS', 'body 1', 'gone: a miss');
ok(stored(), 'gone: stored');
lose();
is_answer($t->get('/gone'), 200, 'MISS', 'body 3', 'gone: asked again');
is(asked('/gone'), '- -', 'gone: without conditions');
ok(stored(), 'gone: stored');

# QUERY asks as GET does, POST does not

my $body = 'q' x 5000;
my @query = (body => $body, headers => ['Content-Type' => 'text/plain']);

is_answer($t->request('QUERY', '/query', @query), 200, 'MISS', 'body 1',
    'QUERY: a miss');
ok(stored(), 'QUERY: stored');
is_answer($t->request('QUERY', '/query', @query), 200, 'REVALIDATED',
    'body 1', 'QUERY: validated');
is($up->last(qr{ /query$})->{body}, $body, 'QUERY: with its body');
lose();
is_answer($t->request('QUERY', '/query', @query), 200, 'MISS', 'body 4',
    'QUERY: gone');
is($up->last(qr{ /query$})->{body}, $body, 'QUERY: again with its body');
ok(stored(), 'QUERY: stored again');

is_answer($t->post('/post', 'q'), 200, 'MISS', 'body 1', 'POST: a miss');
is_answer($t->post('/post', 'q'), 200, 'MISS', 'body 2', 'POST: not stored');

is_answer($t->get('/never'), 200, 'MISS', 'body 1', 'off: a miss');
is_answer($t->get('/never'), 200, 'MISS', 'body 2', 'off: not stored');

is($t->stats('/query_cache', 'store', 'stored'), $stored, 'nothing else');
is($t->stats('/query_cache', 'request', 'broken'), 0, 'none broken');

done_testing();
