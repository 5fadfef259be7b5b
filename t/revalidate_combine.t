#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# What else a location may have works on an entry that was validated, or is
# served for want of a better answer, as on any other: the answers are those
# of a location without a cache, byte by byte, one after the other on one
# connection.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use MIME::Base64 qw/encode_base64/;

use QC::FakeS3;
use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy addition auth_request mirror slice
    ssi sub gzip threads query_cache/);

my $text = join '', map { "row $_ of text\n" } 1 .. 3000;

my $s3 = QC::FakeS3->start(port => port('s3'));
my $up = QC::Upstream->start(port => port('up'), routes => {
    '/auth' => { status => 200 }, '/mirrored' => { status => 200 },
    '/added' => { body => "added\n" }, '/post' => { body => 'post' },
});
my $bad = QC::Upstream->start(port => port('bad'), routes => {
    '/*' => { status => 503, body => 'bad' },
});

my %locations = (
    plain => '',
    unbuffered => 'proxy_buffering off;',
    gzip => 'gzip on; gzip_min_length 1;',
    sub => 'sub_filter row line; sub_filter_once off;',
    addition => 'add_before_body /added; add_after_body /added;',
    auth => 'auth_request /auth;',
    mirror => 'mirror /mirrored;',
    satisfy => 'satisfy any; deny all; auth_basic a;
        auth_basic_user_file %%TESTDIR%%/users;',
    rate => 'limit_rate 2m;',
    ssi => 'ssi on;',
    post => 'post_action /post;',
    expires => 'expires 1h; etag off;',
    charset => 'charset utf-8;',
    store => 'proxy_store %%TESTDIR%%/stored; proxy_store_access user:rw;',
    threads => 'aio threads; aio_write on; sendfile on; directio 1;',
    slice => 'slice 10k; proxy_force_ranges on;',
    ignore => 'proxy_ignore_client_abort on; proxy_request_buffering off;',
    pages => 'proxy_intercept_errors on; recursive_error_pages on;
        error_page 304 401 404 500 502 503 504 = @page;',
);

my $server = join '', map { my $name = $_; map { <<"EOF" } 'd', 's' }

        location /$_/$name {
            query_cache $_;
            set \$up u;
            $locations{$name}
            proxy_pass http://\$up;
        }
EOF
    sort keys %locations;

$t->write_file(users => 'u:{PLAIN}p');
$t->write_file_expand('nginx.conf', <<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone d {
        disk %%TESTDIR%%/store;
        hold 1k;
    }

    query_cache_zone s {
        s3 http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;
    }

    upstream u {
        server 127.0.0.1:%%PORT_bad%% max_fails=0;
        server 127.0.0.1:%%PORT_up%% max_fails=0;
        keepalive 4;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        query_cache_bypass \$arg_once;
        query_cache_no_store \$arg_once;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_next_upstream error timeout http_503;
        add_header X-Status \$query_cache_status;
$server
        location \@page {
            return 200 page;
        }

        location ~ ^/(auth|mirrored|added|post)\$ {
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /query_cache/d {
            query_cache_admin d;
        }

        location = /query_cache/s {
            query_cache_admin s;
        }
    }
}

EOF

$t->run;

my %stored;
my @basic = (Authorization => 'Basic ' . encode_base64('u:p', ''));

sub fields {
    my ($r) = @_;

    return join "\n", $r->status, map { "$_: " . ($r->header($_) // '-') }
        qw/Content-Type Content-Encoding Content-Length Transfer-Encoding
        Last-Modified ETag X-Up Content-Range/;
}

for my $name (sort keys %locations) {
    for my $zone ('d', 's') {
        for my $kind ('valid', 'stale') {
            my $uri = "/$zone/$name-$kind";
            my @headers = ('Accept-Encoding' => 'gzip',
                $name eq 'satisfy' ? @basic : ());

            $up->set($uri => { body => $text, headers => [ETag => '"a"',
                'Cache-Control' => $kind eq 'valid' ? 'no-cache'
                : 'max-age=0, stale-if-error=600', 'Content-Type' =>
                'text/html', 'Last-Modified' =>
                'Mon, 28 Sep 2020 06:00:00 GMT', 'X-Up' => 1] });

            my $c = $t->client;
            my $want = $c->get("$uri?once=1", headers => \@headers);
            my $r = $c->get($uri, headers => \@headers);

            is(fields($r), fields($want), "$uri: a miss");

            ok($t->wait_stats("/query_cache/$zone", 'store', 'stored',
                ++$stored{$zone}), "$uri: stored");

            next if $name eq 'pages' && $kind eq 'valid';

            $up->set($uri => $kind eq 'valid'
                ? { status => 304, headers => [ETag => '"a"'] }
                : { status => 503, body => 'busy' x 10_000 });

            for my $n (1 .. 2) {
                $r = $c->get($uri, headers => \@headers);
                is(fields($r), fields($want), "$uri: again");
                is($r->body_md5, $want->body_md5, "$uri: its body");
                is($r->header('X-Status'), $kind eq 'stale' ? 'STALE'
                    : 'REVALIDATED', "$uri: status");
            }

            $r = $c->get($uri, headers => ['If-None-Match' => '"a"',
                @headers]);
            is($r->status, 304, "$uri: not modified")
                if $name ne 'addition' && $name ne 'pages'
                && $name ne 'ssi' && $name ne 'sub';

            $up->set($uri => { status => 401, headers =>
                ['WWW-Authenticate' => 'Basic realm=x'], body => 'no' });
            $r = $c->get($uri, headers => \@headers);
            is(join(' ', $r->status, $r->body =~ /(page|no)\n?$/),
                $name eq 'pages' ? '200 page' : '401 no', "$uri: 401")
                unless $name eq 'gzip' || $name eq 'addition';
            is($r->header('WWW-Authenticate'), 'Basic realm=x',
                "$uri: WWW-Authenticate");
        }
    }
}

is($t->stats("/query_cache/$_", 'request', 'broken'), 0, "$_: none broken")
    for 'd', 's';

done_testing();
