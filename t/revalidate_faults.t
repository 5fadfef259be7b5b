#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# What happens around an answer that is taken back for an entry: the client
# leaves before or after it, by HTTP/1, TLS or HTTP/2; the next requests are
# in the same packet; the worker is told to leave.  Each answer is whole and
# framed, each connection ends when it should, the entry stays good.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Body;
use QC::FakeS3;
use QC::Nginx;
use QC::TLS;
use QC::Upstream;
use QC::Util qw/alive need_program/;

need_program(qw/curl openssl/);

my $t = QC::Nginx->new->has(qw/http proxy grpc v2 ssl query_cache/);
my $ca = QC::TLS->ca($t->testdir);
my ($cert, $key) = $ca->cert('localhost');

my %size = (held => 100_000, streamed => 3_000_000);

sub origin {
    my ($size, $control, $again, $gate) = @_;

    return sub {
        my ($req, $n) = @_;

        return { size => $size, headers => [ETag => '"a"',
            'Cache-Control' => $control] } if $n == 1;

        return { status => $again, $gate ? (gate => $gate) : (),
            $again == 304 ? () : (size => 200_000),
            headers => [ETag => '"a"', 'Cache-Control' => $control] };
    };
}

my $s3 = QC::FakeS3->start(port => port('s3'));
my $up = QC::Upstream->start(port => port('up'), routes => { map {
    my $name = $_;

    map { ("/$_/valid/$name" => origin($size{$name}, 'no-cache', 304),
        "/$_/stale/$name" => origin($size{$name},
            'max-age=0, stale-if-error=600', 503),
        "/$_/gate/$name" => origin($size{$name}, 'no-cache', 304, 'up'),
        "/$_/fail/$name" => origin($size{$name},
            'max-age=0, stale-if-error=600', 503, 'up')) } qw/a grpc/;
} keys %size });

$t->write_file_expand('nginx.conf', <<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        s3 http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;
        hold 1m;
    }

    upstream u {
        server 127.0.0.1:%%PORT_up%% max_fails=0;
        keepalive 4;
    }

    upstream g {
        server 127.0.0.1:%%PORT_grpc%% max_fails=0;
        keepalive 4;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%% sndbuf=64k;
        listen 127.0.0.1:%%PORT_8443%% ssl http2;

        ssl_certificate $cert;
        ssl_certificate_key $key;

        query_cache z;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_next_upstream off;
        add_header X-Status \$query_cache_status;

        location / {
            proxy_pass http://u;
        }

        location /grpc/ {
            grpc_next_upstream off;
            grpc_pass grpc://g;
        }

        location = /query_cache {
            query_cache off;
            query_cache_admin z;
        }
    }

    server {
        listen 127.0.0.1:%%PORT_grpc%% http2;

        proxy_http_version 1.1;

        location / {
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }
    }
}

EOF

$t->run;

my %md5 = map { ($_ => QC::Body->new(size => $size{$_})->md5) } keys %size;
my $stored = 0;

my %uris = map { my $name = $_; ($name => [map { ("/$_/valid/$name",
    "/$_/stale/$name", "/$_/gate/$name", "/$_/fail/$name") } qw/a grpc/]) }
    keys %size;

for my $uri (map { @$_ } values %uris) {
    is($t->get($uri)->header('X-Status'), 'MISS', "$uri: a miss");
    ok($t->wait_stats('/query_cache', 'store', 'stored', ++$stored),
        "$uri: stored");
}

sub good {
    my ($r, $uri, $name) = @_;
    my ($size) = $uri =~ m{(\w+)$};

    is(join(' ', $r->status, $r->header('X-Status') // '-', $r->body_md5,
        $r->error), join(' ', 200, $uri =~ /stale|fail/ ? 'STALE'
        : 'REVALIDATED', $md5{$size}, ''), "$uri: $name");
}

# several on one connection, in one packet, and of HTTP/1.0

for my $size (sort keys %uris) {
    my @uris = map { ($_, $_) } grep { /valid|stale/ } @{$uris{$size}};
    my $c = $t->client;

    good($c->get($_, discard => 1), $_, 'one by one') for @uris;

    $c->send(join '', map { "GET $_ HTTP/1.1\r\nHost: localhost\r\n\r\n" }
        @uris);
    good($c->read_response(discard => 1), $_, 'pipelined') for @uris;

    for my $uri (@uris) {
        $c->send("GET $uri HTTP/1.1\r\nHost: localhost\r\n"
            . "If-None-Match: \"a\"\r\n\r\nHEAD $uri HTTP/1.1\r\n"
            . "Host: localhost\r\n\r\nGET $uri HTTP/1.1\r\n"
            . "Range: bytes=7-9\r\nHost: localhost\r\n\r\n");
        is($c->read_response->status, 304, "$uri: not modified");
        my $r = $c->read_response(method => 'HEAD');
        is($r->body, '', "$uri: HEAD");
        $r = $c->read_response;
        is(join(' ', $r->status, $r->body), '206 ' . substr(QC::Body->new(
            size => 100)->bytes, 7, 3), "$uri: a part");
    }

    for my $uri (@uris) {
        my $old = $t->client;
        my $r = $old->get($uri, version => '1.0', discard => 1);
        good($r, $uri, 'HTTP/1.0');
        ok($old->ended(5), "$uri: HTTP/1.0 ends");
    }

    for my $uri (@uris) {
        for my $how ('--http1.1', '--http2') {
            my $out = $t->testdir . '/out';
            my $url = 'https://127.0.0.1:' . port('8443') . $uri;
            my $r = curl('--cacert', $ca->file, '-H', 'Host: localhost', $how,
                '-o', "$out.1", $url, '-o', "$out.2", $url);

            is($r->{exit}, 0, "$uri: $how, twice");
            is(-s "$out.$_", $size{$size}, "$uri: $how: all of $_") for 1, 2;
        }
    }
}

# clients that leave: while the upstream thinks, and while the store does

my ($worker) = $t->worker_pids;
my $null = $t->testdir . '/null';

$t->get('/query_cache');
my $files = $t->open_files($worker);

for my $size (sort keys %uris) {
    for my $uri (grep { /gate|fail/ } @{$uris{$size}}) {
        for my $leave ('close', 'reset', 'half', 'http2') {
            for my $where ('upstream', 'store') {
                my $c = $t->client;
                my ($curl, $gate);

                $up->ask('hold', 'up');
                $up->release('up') if $where eq 'store';

                $s3->ask('hold', 's3');
                $s3->fault('stall', gate => 's3', match => qr/^GET/)
                    if $where eq 'store';
                $gate = $where eq 'store' ? $s3 : $up;

                if ($leave eq 'http2') {
                    $curl = QC::Util::spawn('curl', ['curl', '-sk',
                        '--http2', '-H', 'Host: localhost', '-o', $null,
                        'https://127.0.0.1:' . port('8443') . $uri]);
                } else {
                    $c->send_request('GET', $uri);
                }

                ok($gate->wait_at($where eq 'store' ? 's3' : 'up'),
                    "$uri, $leave, $where: there");

                $leave eq 'http2' ? kill(KILL => $curl)
                    : $leave eq 'close' ? $c->close
                    : $leave eq 'reset' ? $c->reset
                    : shutdown $c->socket, 1;

                is($t->get('/query_cache')->status, 200, 'others do not wait');
                $gate->release($where eq 'store' ? 's3' : 'up');
                $c->close if $leave eq 'half';

                ok(wait_until(sub { $t->open_files($worker) <= $files + 6 }),
                    "$uri, $leave, $where: nothing stays open");
                $s3->ask('clear_faults');
            }
        }

        $up->release('up');
        good($t->get($uri, discard => 1), $uri, 'for the next');
    }
}

is(($t->worker_pids)[0], $worker, 'one worker all along');

# a worker that is told to leave

for my $where ('up', 's3') {
    my @c = map { $t->client } 1 .. 2;

    $up->ask('hold', 'up');
    $s3->ask('hold', 's3');

    if ($where eq 's3') {
        $up->release('up');
        $s3->fault('stall', gate => 's3', match => qr/^GET/, times => 0);
    }

    $c[0]->send_request('GET', '/a/gate/held');
    $c[1]->send_request('GET', '/grpc/fail/streamed');
    ok(($where eq 'up' ? $up : $s3)->wait_at($where, 2), "$where: waiting");

    my ($old) = $t->worker_pids;

    ok($t->reload, "$where: reload");
    ($where eq 'up' ? $up : $s3)->release($where);
    good($c[0]->read_response, '/a/gate/held', "after $where");
    good($c[1]->read_response(discard => 1), '/grpc/fail/streamed',
        "after $where");
    ok(wait_until(sub { !alive($old) }), "$where: the old worker has left");
    $s3->ask('clear_faults');
}

my $stats = $t->stats('/query_cache');

is($stats->{reason}{corrupt}, 0, 'nothing is corrupt');
is($stats->{request}{broken}, 0, 'no hit broke');

done_testing();
