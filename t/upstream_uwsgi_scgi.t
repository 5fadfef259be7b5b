#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# uwsgi_pass and scgi_pass are cached as proxy_pass is.  Neither protocol has
# an end of its own: an answer is stored if it names its length and keeps it,
# and passed on in any case.  Taking the end of the connection for the end of
# the answer would store half of it when the application dies.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Digest::MD5 qw/md5_hex/;
use IO::Socket::INET;

use QC::Nginx;
use QC::Util qw/fork_process wait_socket/;

my $t = QC::Nginx->new->has(qw/http uwsgi scgi query_cache/);
my ($locations, @protocols) = ('', qw/uwsgi scgi/);

for my $name (@protocols) {
    my $pass = join ' ', (map { "${name}_param $_;" }
        'CONTENT_LENGTH $content_length', 'REQUEST_METHOD $request_method',
        'REQUEST_URI $request_uri'), "${name}_pass "
        . ($name eq 'uwsgi' ? 'uwsgi://' : '') . "127.0.0.1:%%PORT_$name%%;";

    $locations .= "location /$name { query_cache z; $pass }\n"
        . "location /$name/off { query_cache z; ${name}_buffering off; $pass }"
        . "location /plain/$name { $pass }\n";
}

$t->write_file_expand('nginx.conf', <<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        disk %%TESTDIR%%/store;
    }

    query_cache_methods GET POST;
    query_cache_valid 1h;
    client_body_buffer_size 16k;

    log_format cache '\$request_uri \$query_cache_status '
                     '\$query_cache_reason';
    access_log %%TESTDIR%%/cache.log cache;

    server {
        listen 127.0.0.1:%%PORT_8080%%;
        $locations
        location = /query_cache { query_cache_admin z; }
    }
}

EOF

# Responders: what is in the arguments is what goes wrong

sub bytes { read $_[0], my $data = '', $_[1]; return $data }

sub uwsgi_params {
    my ($sock) = @_;
    my @params;

    my $in = bytes($sock, unpack 'xv', bytes($sock, 4));

    push @params, substr $in, 0, unpack('v', substr $in, 0, 2, ''), ''
        while $in ne '';

    return @params;
}

sub scgi_params {
    my ($sock) = @_;
    my $size = '';

    $size .= getc $sock while $size !~ /:/;

    return split /\0,?/, bytes($sock, $size =~ /(\d+)/ && $1 + 1), -1;
}

sub answer {
    my ($sock, $n, @params) = @_;

    pop @params if @params % 2;
    my %params = @params;
    my $body = bytes($sock, $params{CONTENT_LENGTH} || 0);
    my ($args) = $params{REQUEST_URI} =~ /\?(.*)/;

    my $text = join ' ', md5_hex($body), $params{REQUEST_METHOD}, $n;
    $text .= 'x' x 200_000 if $args =~ /big/;
    my $length = length($text) + ($args =~ /longer/ ? 1 : 0);

    my $status = $args =~ /status/ ? '500 Bad' : '200 OK';
    my $head = $params{REQUEST_URI} =~ /uwsgi/ ? "HTTP/1.1 $status\r\n"
        : "Status: $status\r\n";
    $head .= "Content-Type: text/plain\r\n";
    $head .= "Content-Length: $length\r\n" if $args =~ /length|longer/;
    $head .= "Set-Cookie: a=b\r\n" if $args =~ /cookie/;

    substr($text, -5) = '' if $args =~ /cut/;
    print {$sock} "$head\r\n$text";
}

for my $name (@protocols) {
    fork_process($name, sub {
        my $listener = IO::Socket::INET->new(Listen => 50, ReuseAddr => 1,
            LocalAddr => '127.0.0.1', LocalPort => port($name)) or die $!;
        my $n = 0;

        while (my $sock = $listener->accept) {
            next if eof $sock;
            answer($sock, ++$n, $name eq 'uwsgi' ? uwsgi_params($sock)
                : scgi_params($sock));
            close $sock;
        }
    });

    wait_socket(port($name)) or die "no $name";
}

$t->run;

my $stored = 0;
my %bodies = (GET => undef, POST => 'q' x 100_000);
my %refused = ('none' => 'incomplete', 'big' => 'incomplete',
    'cut' => 'incomplete', 'big&cut' => 'incomplete',
    'length&cut' => 'incomplete', 'longer' => 'incomplete',
    'length&cookie' => 'set_cookie', 'length&status' => 'status');

for my $path (map { ("/$_", "/$_/off") } @protocols) {
    for my $what (qw/length big&length/) {
        for my $method (sort keys %bodies) {
            my $uri = "$path?$what&$method";
            my $body = $bodies{$method};
            my $want = md5_hex($body // '') . " $method";

            my $r = $t->request($method, $uri, body => $body);
            like($r->body, qr/^$want \d+x*$/, "$uri: intact");
            ok($t->wait_stats('/query_cache', 'store', 'stored', ++$stored),
                "$uri: stored");
            is($t->request($method, $uri, body => $body)->body_md5,
                $r->body_md5, "$uri: a hit");
        }
    }

    for my $what (sort keys %refused) {
        my $plain = $t->get("/plain$path?$what");

        for my $time (1, 2) {
            my $uri = "$path?$what";
            my $r = $t->get($uri);
            my @logged;

            is(length($r->body =~ s/ \d+(x*)$/$1/r) . $r->error . $r->status,
                length($plain->body =~ s/ \d+(x*)$/$1/r) . $plain->error
                . $plain->status, "$uri, $time: passed on");

            wait_until(sub { $time == (@logged = slurp($t->testdir
                . '/cache.log') =~ /^\Q$uri\E (.*)$/mg) });
            is($logged[-1], "MISS $refused{$what}", "$uri, $time: reason");
        }
    }
}

is($t->stats('/query_cache', 'store', 'stored'), $stored, 'nothing else');

done_testing();
