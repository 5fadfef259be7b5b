#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Background fills of all that answers through nginx's upstreams: FastCGI,
# uwsgi, SCGI, gRPC and HTTP, with the body of the request, with buffering and
# without, with limits of rate, and with nginx's own cache on the way.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Digest::MD5 qw/md5_hex/;
use IO::Socket::INET;

use QC::Nginx;
use QC::Stale;
use QC::Upstream;
use QC::Util qw/fork_process wait_socket/;

my $t = QC::Nginx->new->has(qw/http proxy fastcgi uwsgi scgi grpc v2 threads
    map cache query_cache/);

# the first answer to a question is soon stale, others are not

my %asked;

sub control {
    my ($question) = @_;

    return $asked{$question}++ ? ('Cache-Control', 'max-age=600')
                               : @{stale_headers()};
}

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => sub {
        my ($req, $n) = @_;

        return { body => "$req->{md5} $n " . 'x' x 200_000,
            headers => [control("$req->{method} $req->{uri}")] };
    },
});

my %params = map { my $name = $_; ($name => join ' ',
    map { "${name}_param $_;" } 'CONTENT_LENGTH $content_length',
    'REQUEST_METHOD $request_method', 'REQUEST_URI $request_uri') }
    qw/fastcgi uwsgi scgi/;

my %pass = (
    proxy   => 'proxy_pass http://127.0.0.1:%%PORT_up%%;',
    cached  => 'proxy_cache c; proxy_cache_valid 1; proxy_cache_key $uri$n;
        proxy_cache_bypass 1; proxy_pass http://127.0.0.1:%%PORT_up%%;',
    aio     => 'sendfile on; aio threads; aio_write on;
        proxy_buffers 4 4k; proxy_busy_buffers_size 8k;
        proxy_pass http://127.0.0.1:%%PORT_up%%;',
    limit   => 'proxy_limit_rate 1m; limit_rate 1;
        limit_rate_after 250k; proxy_pass http://127.0.0.1:%%PORT_up%%;',
    grpc    => 'grpc_pass grpc://127.0.0.1:%%PORT_8081%%;',
    fastcgi => "$params{fastcgi} fastcgi_pass 127.0.0.1:%%PORT_fastcgi%%;",
    scgi    => "$params{scgi} scgi_pass 127.0.0.1:%%PORT_scgi%%;",
    uwsgi   => "$params{uwsgi} uwsgi_pass uwsgi://127.0.0.1:%%PORT_uwsgi%%;",
);

$pass{http2} = 'proxy_http_version 2; proxy_pass http://127.0.0.1:%%PORT_8081%%;'
    if $t->version('1.29.4');

my $locations = join '', map {
    my $module = /fastcgi|scgi|uwsgi/ ? $_ : 'proxy';
    "location /$_/ { $pass{$_} }\n"
    . "location /$_/off/ { ${module}_buffering off; $pass{$_} }\n"
} sort keys %pass;

$t->write_file_expand('nginx.conf', <<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        disk %%TESTDIR%%/store;
    }

    proxy_cache_path %%TESTDIR%%/cache keys_zone=c:1m;
    client_body_buffer_size 16k;

    map \$request_method \$n { default 1; POST 2; }

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        query_cache z;
        query_cache_methods GET POST;
        add_header X-Status \$query_cache_status;

        $locations

        location = /stats {
            query_cache off;
            query_cache_admin z;
        }
    }

    server {
        listen 127.0.0.1:%%PORT_8081%% http2;

        location / {
            proxy_http_version 1.1;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }
    }
}

EOF

# Responders of one request each

sub bytes { read $_[0], my $data = '', $_[1]; return $data }

sub record { return pack('CCnnCx', 1, $_[0], 1, length $_[1], 0) . $_[1] }

sub fastcgi {
    my ($sock, $n) = @_;
    my ($params, $in) = ('', '');

    while (1) {
        my ($type, $length, $padding) = (unpack 'CCnnC', bytes($sock, 8))
            [1, 3, 4];
        my $content = bytes($sock, $length);

        bytes($sock, $padding);
        last if $type == 5 && $length == 0;
        $params .= $content if $type == 4;
        $in .= $content if $type == 5;
    }

    my $out = join(': ', control($params)) . "\r\n\r\n" . md5_hex($in)
        . " $n " . 'x' x 200_000;

    while ($out ne '') {
        print {$sock} record(6, substr $out, 0, 30_000, '');
    }

    print {$sock} record(6, '') . record(3, pack 'NCx3', 0, 0);
}

sub uwsgi {
    my ($sock, $n) = @_;

    my $in = bytes($sock, unpack 'xv', bytes($sock, 4));
    my ($length) = $in =~ /CONTENT_LENGTH..(\d+)/s;

    respond($sock, $n, 'HTTP/1.1 200 OK', $length, $in);
}

sub scgi {
    my ($sock, $n) = @_;
    my $size = '';

    $size .= getc $sock while $size !~ /:/;
    my $in = bytes($sock, $size =~ /(\d+)/ && $1 + 1);
    my ($length) = $in =~ /CONTENT_LENGTH\0(\d+)/;

    respond($sock, $n, 'Status: 200 OK', $length, $in);
}

sub respond {
    my ($sock, $n, $status, $length, $params) = @_;

    my $body = md5_hex(bytes($sock, $length || 0)) . " $n " . 'x' x 200_000;

    print {$sock} join "\r\n", $status, join(': ', control($params)),
        'Content-Length: ' . length($body), '', $body;
}

for my $name (qw/fastcgi uwsgi scgi/) {
    my $port = port($name);

    fork_process($name, sub {
        my $listener = IO::Socket::INET->new(Listen => 50, ReuseAddr => 1,
            LocalAddr => '127.0.0.1', LocalPort => $port) or die $!;
        my $n = 0;

        while (my $sock = $listener->accept) {
            next if eof $sock;
            main->can($name)->($sock, ++$n);
            close $sock;
        }
    });

    wait_socket($port) or die "no $name";
}

my @uris = map { ("/$_/a", "/$_/off/a") } sort keys %pass;
my %bodies = (GET => undef, POST => 'q' x 100_000);

$t->run;

my @cases = map { my $uri = $_; map { [$_, $uri, $bodies{$_}] }
    sort keys %bodies } @uris;
my %seen;

for my $case (@cases) {
    my ($method, $uri, $body) = @$case;
    my $r = $t->request($method, $uri, body => $body);

    $seen{"$method $uri"} = $r->body =~ s/x*$//r;
    is($r->header('X-Status'), 'MISS', "$method $uri: a miss");
}

ok(wait_stale($t, '/stats', scalar @cases), 'stale entries');

my $stored = @cases;

for my $case (@cases) {
    my ($method, $uri, $body) = @$case;
    my $r = $t->request($method, $uri, body => $body);

    is($r->header('X-Status') . ' ' . $r->body =~ s/x*$//r,
        'UPDATING ' . $seen{"$method $uri"}, "$method $uri: stale");
    ok($t->wait_stats('/stats', 'store', 'stored', ++$stored),
        "$method $uri: stored");

    # the same body was asked about, in another request

    my ($md5, $n) = split ' ', $seen{"$method $uri"};
    my $new = $t->request($method, $uri, body => $body);
    like($new->body, qr/^$md5 (?!$n )\d+ x+$/, "$method $uri: a new one");
    cmp_ok($new->body_length, '>', 200_000, "$method $uri: whole");
}

is($t->stats('/stats', 'fill', 'failed'), 0, 'none failed');
is($t->stats('/stats', 'fill', 'refused'), 0, 'none refused');

done_testing();
