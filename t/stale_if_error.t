#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# RFC 5861 section 4: where an answer, or query_cache_stale_if_error, allows
# it, an entry that is too old is served in place of an error: of the
# upstream's, and of nginx's own if there is no answer, whatever error_page
# says of it.  Other errors are what they are without the cache, and so is
# this one if the entry has no body or must not be served stale.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::FakeS3;
use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $s3 = QC::FakeS3->start(port => port('s3'));
my $up = QC::Upstream->start(port => port('up'), routes => {});

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
        server 127.0.0.1:%%PORT_up%% max_fails=0;
        keepalive 4;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        query_cache z;
        query_cache_methods GET HEAD POST;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_read_timeout 300ms;
        proxy_next_upstream off;
        client_body_buffer_size 1k;
        add_header X-Status $query_cache_status always;

        location / {
            proxy_pass http://u;
        }

        location /default/ {
            query_cache_stale_if_error 1h;
            proxy_pass http://u;
        }

        location /page/ {
            proxy_intercept_errors on;
            error_page 404 500 502 503 504 /errors/page;
            proxy_pass http://u;
        }

        location /own/ {
            error_page 502 504 /errors/page;
            proxy_pass http://u;
        }

        location /buffer/ {
            proxy_buffering off;
            proxy_pass http://u;
        }

        location /errors/ {
            query_cache off;
            return 200 "page\n";
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

sub is_answer {
    my ($r, $expected, $name) = @_;

    is(join(' ', $r->status, $r->header('X-Status') // '-',
        $r->body =~ /^(body.*|page|<html>)/), $expected, $name);
}

sub fill {
    my ($uri, $control, @request) = @_;
    my $path = $uri =~ s/\?.*//r;

    $up->set($path => { body => 'body', headers => ['Cache-Control' =>
        $control, 'X-Field' => 1] });
    is_answer($t->request(@request ? @request : ('GET', $uri)),
        '200 MISS body', "$uri: a miss");
    ok($t->wait_stats('/query_cache', 'store', 'stored', ++$stored),
        "$uri: stored");
}

my %error = (
    500 => { status => 500 },
    502 => { status => 502 },
    503 => { status => 503, chunked => 1, body => 'busy' },
    504 => { status => 504, close => 1 },
    closed => { reset => -1 },
    garbage => { raw => "HTTP/1.1 200 OK\r\nA\0: b\r\n\r\n" },
    slow => { hang => -1 },
);

for my $dir ('/', '/page/', '/own/', '/buffer/') {
    for my $kind (sort keys %error) {
        my $uri = "$dir$kind";
        my $c = $t->client;

        fill($uri, 'max-age=0, stale-if-error=600');
        $up->set($uri => $error{$kind});

        for my $method ('GET', 'HEAD', 'GET') {
            my $r = $c->request($method, $uri);
            is($r->status, 200, "$method $uri: served");
            is($r->header('X-Status'), 'STALE', "$method $uri: stale");
            is($r->header('X-Field'), 1, "$method $uri: with its fields");
            is($r->body, $method eq 'GET' ? 'body' : '', "$method $uri: body");
        }

        is($c->get($uri, headers => [Range => 'bytes=1-2'])->body, 'od',
            "$uri: a part");

        $up->set($uri => { body => 'body of now' });
        is_answer($c->get($uri), '200 EXPIRED body of now', "$uri: well again");
    }
}

# what it does not allow

for my $control ('max-age=0', 'max-age=0, stale-if-error=0',
    'max-age=0, stale-if-error=60, must-revalidate',
    'max-age=0, stale-if-error=60, proxy-revalidate',
    's-maxage=0, stale-if-error=60')
{
    my $uri = '/forbidden-' . ($control =~ tr/a-z0-9/-/cr);

    $up->set($uri => { body => 'body', headers => ['Cache-Control' =>
        $control, ETag => '"a"'] });
    is_answer($t->get($uri), '200 MISS body', "$control: a miss");
    ok($t->wait_stats('/query_cache', 'store', 'stored', ++$stored),
        "$control: stored, for validation");
    $up->set($uri => { status => 503, body => 'body: busy' });
    is_answer($t->get($uri), '503 EXPIRED body: busy', "$control: the error");
}

# other errors, with and without a page

fill($_, 'max-age=0, stale-if-error=60') for '/a', '/page/a';
$up->set($_ => { status => 404, body => 'body: none' }) for '/a', '/page/a';
is_answer($t->get('/a'), '404 EXPIRED body: none', 'an error of the client');
is_answer($t->get('/page/a'), '404 - page', 'with its page');
$up->set('/page/a' => { status => 503 });
is_answer($t->get('/page/a'), '200 STALE body', 'but not of the upstream');

# the operator's default, which an answer may forbid

fill('/default/a', 'max-age=0');
$up->set('/default/a' => { status => 502 });
is_answer($t->get('/default/a'), '200 STALE body', 'by default');

# a body that is gone: the error is that of the upstream, or of nginx

fill('/lost', 'max-age=0, stale-if-error=60');
fill('/own/lost', 'max-age=0, stale-if-error=60');
$s3->delete($_) for $s3->keys;
$up->set('/lost' => { status => 503, body => 'body: busy' });
$up->set('/own/lost' => { reset => -1 });
$up->clear;
is_answer($t->get('/lost'), '503 MISS body: busy', 'lost: the error');
is($up->hits('/lost'), 2, 'lost: asked for it again');
is_answer($t->get('/own/lost'), '502 - page', 'lost: the page');
is($up->hits('/own/lost'), 1, 'lost: not asked again');

# a query in a file is there to be asked again

my $body = 'q' x 5000;

fill('/post', 'max-age=0, stale-if-error=60', 'POST', '/post', body => $body);
$up->set('/post' => { status => 503, body => 'body: busy' });
is_answer($t->post('/post', $body), '200 STALE body', 'POST: stale');
$s3->delete($_) for $s3->keys;
is_answer($t->post('/post', $body), '503 MISS body: busy', 'POST: lost');
is($up->last(qr{ /post$})->{body}, $body, 'POST: with its body');

is($t->stats('/query_cache', 'request', 'broken'), 0, 'none broken');

done_testing();
