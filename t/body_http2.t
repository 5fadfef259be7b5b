#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Request bodies over HTTP/2 and TLS reach the upstream as they were sent,
# with and without a length, and are keyed like those of HTTP/1: a client
# that changes its protocol hits the same entry.  Counting on Content-Length
# or on the connection's own buffers would break it.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Digest::MD5 qw/md5_hex/;

use QC::Body;
use QC::Nginx;
use QC::TLS;
use QC::Upstream;
use QC::Util qw/need_program run_command skip/;

need_program(qw/curl openssl/);
skip('curl without HTTP/2')
    unless run_command(['curl', '--version'])->{out} =~ /HTTP2/;

my $t = QC::Nginx->new->has(qw/http proxy query_cache v2 ssl/);

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => sub { return { body => "$_[0]{md5} $_[0]{length} $_[1]" } },
});

my $ca = QC::TLS->ca($t->testdir);
my ($cert, $key) = $ca->cert('localhost');

$t->write_file_expand('nginx.conf', <<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    client_max_body_size 8m;
    client_body_buffer_size 64k;

    query_cache_zone z {
        disk %%TESTDIR%%/store;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;
        listen 127.0.0.1:%%PORT_8081%% http2;
        listen 127.0.0.1:%%PORT_8443%% ssl http2;

        ssl_certificate $cert;
        ssl_certificate_key $key;

        location / {
            query_cache z;
            query_cache_methods POST;
            query_cache_valid 1h;
            query_cache_max_request_body 4m;
            query_cache_key host=;
            add_header X-Status \$query_cache_status;
            add_header X-Protocol \$server_protocol;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /over {
            query_cache z;
            query_cache_methods POST;
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

my ($h1, $h2, $tls) = ('http://127.0.0.1:' . port('8080'),
    'http://127.0.0.1:' . port('8081'), 'https://127.0.0.1:' . port('8443'));

my %clients = (
    'h2'        => ['2', $h2, '--http2-prior-knowledge'],
    'h2 tls'    => ['2', $tls, '--cacert', $ca->file, '--http2'],
    'h1 tls'    => ['1', $tls, '--cacert', $ca->file, '--http1.1'],
);

my $file = $t->testdir . '/body';
my $n = 0;

for my $size (0, 8, 1 << 20, 3 << 20) {
    my $body = QC::Body->new(size => $size, kind => 'random')->bytes;
    my $want = md5_hex($body) . " $size ";

    spew($file, $body);

    for my $client (sort keys %clients) {
        my ($version, $url, @options) = @{$clients{$client}};
        my $uri = '/' . ++$n;

        my $miss = curl(@options, '--data-binary', "\@$file", $url . $uri);
        like($miss->{body}, qr/^$want\d+$/, "$size B, $client: intact");
        like($miss->{head}, qr/^x-status: MISS.*^x-protocol: HTTP\/$version/smi,
            "$size B, $client: a miss");

        ok($t->wait_stats('/query_cache', 'store', 'stored', $n),
            "$size B, $client: stored");

        # curl sends no length for what it reads from a pipe

        my $hit = curl(@options, '-X', 'POST', '-T', '-', $url . $uri, '-H',
            'Content-Type: application/x-www-form-urlencoded',
            { input => $body });
        like($hit->{head}, qr/^x-status: HIT/mi,
            "$size B, $client: a hit, no length");
        is($hit->{body}, $miss->{body}, "$size B, $client: same answer");

        my $plain = curl('--data-binary', "\@$file", $h1 . $uri);
        like($plain->{head}, qr/^x-status: HIT/mi,
            "$size B, $client: a hit of HTTP/1");
    }
}

is($up->count(qr/./), $n, 'one request each');

# over the limit, said by a length or found by counting

my $body = QC::Body->new(size => 3 << 20, kind => 'random')->bytes;

for my $client (sort keys %clients) {
    my (undef, $url, @options) = @{$clients{$client}};

    for my $how (['--data-binary', "\@$file"], ['-X', 'POST', '-T', '-']) {
        my $r = curl(@options, @$how, "$url/over", { input => $body });
        like($r->{body}, qr/^@{[md5_hex($body)]} /, "$client, over: intact");
        like($r->{head}, qr/^x-status: BYPASS/mi, "$client, over: bypassed");
    }
}

done_testing();
