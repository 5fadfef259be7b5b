#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# The client never waits for a store: while S3 holds the PUT of its answer,
# the next request on the same connection, of HTTP/1 or HTTP/2, is answered,
# also one for the same answer, which is stored once.  A request that lived
# until its store ended would block the connection, and the worker's leaving.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::FakeS3;
use QC::Nginx;
use QC::TLS;
use QC::Upstream;
use QC::Util qw/need_program/;

need_program(qw/curl openssl/);

my $t = QC::Nginx->new->has(qw/http proxy v2 ssl query_cache/);
my $ca = QC::TLS->ca($t->testdir);
my ($cert, $key) = $ca->cert('localhost');

my $s3 = QC::FakeS3->start(port => port('s3'));
my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => sub { return { seed => $_[0]{path},
        size => $_[0]{path} =~ /big/ ? 700_000 : 100 } },
});

$t->write_file_expand('nginx.conf', <<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        s3 http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;
        s3_read_timeout 30s;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;
        listen 127.0.0.1:%%PORT_8443%% ssl http2;

        ssl_certificate $cert;
        ssl_certificate_key $key;

        location / {
            query_cache z;
            query_cache_valid 1h;
            add_header X-Status \$query_cache_status;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /query_cache {
            query_cache_admin z;
        }
    }
}

EOF

$t->run;
$s3->fault('stall', gate => 'put', match => qr/^PUT/, times => 0);

# HTTP/1: one connection

my $c = $t->client;
my $r = $c->get('/1/big');
is($r->body_length, 700_000, 'an answer');
ok($s3->wait_at('put'), 'which S3 is holding');

for my $n (2 .. 4) {
    $r = $c->get("/$n/small");
    is($r->body_length, 100, "the next but $n on its connection");
}

ok($s3->wait_at('put', 4), 'all of them are held');

$r = $c->get('/1/big');
is($r->header('X-Status') . $r->body_length, 'MISS700000',
    'the same again is a miss: it is not there yet');

# a pipeline

my $get = sub { return "GET /$_[0] HTTP/1.1\r\nHost: localhost\r\n\r\n" };

$c->send($get->('5/small') . $get->('1/big') . $get->('6/small'));
is($c->read_response->body_length, $_, 'of a pipeline')
    for 100, 700_000, 100;
ok($s3->wait_at('put', 6), 'the new ones are held, too');

# HTTP/2: one connection

my $url = 'https://127.0.0.1:' . port('8443');
my @files = map { ('-o', $t->testdir . "/$_") } 1 .. 3;

$r = curl('--http2', '--cacert', $ca->file, '-w', '%{num_connects} ', @files,
    "$url/7/big", "$url/8/small", "$url/7/big");
is($r->{exit} . ' ' . $r->{body}, '0 1 0 0 ',
    'HTTP/2: three requests, one connection');
is(scalar(() = $r->{head} =~ m{^HTTP/2 200}mg), 3, 'of HTTP/2');
is(scalar(() = $r->{head} =~ /x-status: MISS/gi), 3, 'all of them misses');
ok($s3->wait_at('put', 8), 'two more are held');

my $held = $s3->waiting('put');
is($s3->count(qr/^PUT/), $held, 'each answer is sent once');
is($t->stats('/query_cache', 'store', 'stored'), 0, 'none has been stored');

$s3->release('put');
ok($t->wait_stats('/query_cache', 'store', 'stored', $held), 'now all are');

is($c->get("/1/big")->header('X-Status'), 'HIT', 'a hit');
is($s3->count(qr/^PUT/), $held, 'and no other PUT has come');
is($t->stats('/query_cache', 'store', 'superseded'), 0, 'none was in vain');

done_testing();
