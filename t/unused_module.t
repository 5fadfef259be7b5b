#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# A module that is loaded and not used changes nothing: answers are, byte by
# byte, those of an nginx without it, no filter of it runs, and neither does
# a process more.  Zones that no location uses do not change answers either.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Nginx;
use QC::Upstream;
use QC::Util qw/children process_title/;

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/a'       => { body => 'hello', headers => ['ETag' => '"x"',
        'Date' => 'Fri, 20 Nov 2026 05:00:00 GMT'] },
    '/big'     => { size => 300_000 },
    '/chunked' => { size => 50_000, chunked => 999 },
    '/eof'     => { body => 'until the end', eof => 1 },
    '/none'    => { status => 204 },
    '/error'   => { status => 500, body => 'wrong' },
    '/cut'     => { size => 100, cut => 50 },
    '/post'    => sub { return { body => "got $_[0]{body}" } },
    '/trailer' => { body => 'x', chunked => 1, trailers => [A => 'b'] },
});

# name: loads the module, lines of http{}

my %kinds = (
    without => [0, ''],
    loaded  => [1, ''],
    zone    => [1, 'query_cache_zone z { disk %%TESTDIR%%/disk; }'],
    off     => [1, 'query_cache_zone z { disk %%TESTDIR%%/disk; }'
                . ' query_cache off; query_cache_valid 10m;'
                . ' query_cache_methods GET POST;'],
);

my %nginx = map { $_ => start($_) } sort keys %kinds;

sub start {
    my ($kind) = @_;
    my ($module, $conf) = @{$kinds{$kind}};

    my $t = QC::Nginx->new(module => $module);
    $t->has(qw/http proxy gzip/);
    $t->has('query_cache') if $module;

    $t->write_file_expand('nginx.conf', <<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    $conf

    gzip            on;
    gzip_min_length 1;
    gzip_types      *;

    server {
        listen      127.0.0.1:%%PORT_$kind%%;
        server_name localhost;

        location / {
            proxy_pass http://127.0.0.1:%%PORT_up%%;
            expires    1h;
        }

        location /static/ {
            alias %%TESTDIR%%/;
        }

        location = /return {
            return 200 "text\\n";
        }

        location = /empty {
            return 204;
        }
    }
}

EOF

    $t->write_file('file.txt', join "\n", 1 .. 1000);
    utime 1_700_000_000, 1_700_000_000, $t->testdir . '/file.txt';

    return $t->run;
}

my @requests = (
    (map { "GET $_ HTTP/1.1" } qw{/a /big /chunked /none /error /cut /trailer
        /eof /return /empty /static/file.txt /static/none /}),
    (map { "HEAD $_ HTTP/1.1" } qw{/a /big /static/file.txt}),
    'GET /a HTTP/1.0', 'GET /eof HTTP/1.0', 'OPTIONS /a HTTP/1.1',
    "GET /big HTTP/1.1\r\nAccept-Encoding: gzip",
    "GET /static/file.txt HTTP/1.1\r\nRange: bytes=10-20",
    "GET /static/file.txt HTTP/1.1\r\nRange: bytes=1-2,5-6",
    "GET /static/file.txt HTTP/1.1\r\n"
        . 'If-Modified-Since: Tue, 14 Nov 2023 22:13:20 GMT',
    "GET /a HTTP/1.1\r\nIf-None-Match: \"x\"",
    "POST /post HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody",
    "POST /post HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
        . "4\r\nbody\r\n0\r\n\r\n",
    "GET /a HTTP/1.1\r\nBroken", 'NONSENSE',
);

# what is different each time

sub answer {
    my ($kind, $request) = @_;

    my ($head, $body) = split /\r\n\r\n/, $request, 2;
    my $raw = http("$head\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        . ($body // ''), port => $kind);

    $raw =~ s/^(Date|Expires): .*?\r$/$1: -\r/mg;
    $raw =~ s/boundary=\S+/boundary=-/;
    $raw =~ s/^--\d{20}/--/mg;
    $raw =~ s/^(ETag: ).*?\r$/$1\r/m;

    return $raw;
}

for my $request (@requests) {
    my $expected = answer('without', $request);
    my ($name) = $request =~ /^([^\r]*(?:\r\n[^\r]*)?)/;
    $name =~ tr/\r\n/ /s;

    for my $kind (qw/loaded zone off/) {
        ok(answer($kind, $request) eq $expected, "$kind: $name");
    }
}

for my $kind (sort keys %nginx) {
    my $t = $nginx{$kind};
    my @helpers = grep { process_title($_) =~ /cache/ }
        children($t->master_pid);

    # a folder has its manager
    is(scalar @helpers, $kind =~ /zone|off/ ? 1 : 0, "$kind: processes");
    is(scalar $t->error_log(qr/query cache (?:step|job|s3|redis)/), 0,
        "$kind: nothing of it runs");
}

done_testing();
