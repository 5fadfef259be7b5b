#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# fastcgi_pass is cached as proxy_pass is: the request's body and parameters
# arrive, an answer is stored once its END_REQUEST has come, with a length or
# without one; one that breaks off is passed on and not stored.  Taking the
# end of the connection for the end of the answer would store half of it.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Digest::MD5 qw/md5_hex/;
use IO::Socket::INET;

use QC::Nginx;
use QC::Util qw/fork_process wait_socket/;

my $t = QC::Nginx->new->has(qw/http fastcgi query_cache/);

my $pass = 'include fastcgi.conf; fastcgi_pass 127.0.0.1:%%PORT_up%%;';

$t->write_file('fastcgi.conf', join '', map { "fastcgi_param $_;\n" }
    'REQUEST_METHOD $request_method', 'CONTENT_LENGTH $content_length',
    'REQUEST_URI $request_uri', 'URI $uri');

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

        location / {
            query_cache z;
            $pass
        }

        location /unbuffered {
            query_cache z;
            fastcgi_buffering off;
            $pass
        }

        location /plain {
            $pass
        }

        location = /query_cache {
            query_cache_admin z;
        }
    }
}

EOF

# A responder: what is in the arguments is what goes wrong

sub record { return pack('CCnnCx', 1, $_[0], 1, length $_[1], 0) . $_[1] }

sub answer {
    my ($params, $body, $n) = @_;

    my ($args) = $params->{REQUEST_URI} =~ /\?(.*)/ ? $1 : '';
    my $text = join ' ', md5_hex($body), $params->{REQUEST_METHOD}, $n;
    $text .= 'x' x 200_000 if $args =~ /big/;

    my $head = "Content-Type: text/plain\r\n";
    $head .= 'Content-Length: ' . length($text) . "\r\n" if $args =~ /length/;
    $head .= 'Content-Length: ' . (length($text) + 1) . "\r\n"
        if $args =~ /longer/;
    $head .= "Set-Cookie: a=b\r\n" if $args =~ /cookie/;
    $head .= "Status: 500 Bad\r\n" if $args =~ /status/;

    my $out = "$head\r\n$text";
    my $records = '';

    while ($out ne '') {
        $records .= record(6, substr $out, 0, 30_000, '');
    }

    $records .= record(7, 'to the log') if $args =~ /stderr/;
    return substr $records, 0, -10 if $args =~ /cut/;
    return $records if $args =~ /noend/;
    return $records . record(6, '') . record(3, pack 'NCx3', 0, 0);
}

sub serve {
    my ($sock, $n) = @_;
    my (%in, $content);

    $in{$_} = '' for 1 .. 11;

    while (read($sock, my $head, 8) == 8) {
        my ($type, $length, $padding) = (unpack 'CCnnC', $head)[1, 3, 4];

        read $sock, $content = '', $length if $length;
        read $sock, my $pad, $padding if $padding;
        last if $type == 5 && $length == 0;
        $in{$type} .= $content if $length;
    }

    my %params;

    while ($in{4} ne '') {
        my ($name, $value) = map {
            ord $in{4} < 128 ? unpack 'C', substr $in{4}, 0, 1, ''
                : 0x7fffffff & unpack 'N', substr $in{4}, 0, 4, ''
        } 1, 2;

        $name = substr $in{4}, 0, $name, '';
        $params{$name} = substr $in{4}, 0, $value, '';
    }

    print {$sock} answer(\%params, $in{5}, $n) if %params;
}

fork_process('fastcgi', sub {
    my $listener = IO::Socket::INET->new(Listen => 50, ReuseAddr => 1,
        LocalAddr => '127.0.0.1', LocalPort => port('up')) or die $!;
    my $n = 0;

    while (my $sock = $listener->accept) {
        serve($sock, ++$n);
        close $sock;
    }
});

wait_socket(port('up')) or die 'no responder';
$t->run;

sub logged {
    my ($uri) = @_;
    my @lines;

    wait_until(sub {
        @lines = slurp($t->testdir . '/cache.log') =~ /^\Q$uri\E (.*)$/mg;
    });

    return $lines[-1];
}

my $stored = 0;
my %bodies = (GET => undef, POST => 'q' x 100_000);

for my $what (qw/length none big big&length stderr/) {
    for my $path ('/a', '/unbuffered') {
        for my $method (sort keys %bodies) {
            my $uri = "$path?$what&$method";
            my $body = $bodies{$method};
            my $want = md5_hex($body // '') . " $method";

            my $r = $t->request($method, $uri, body => $body);
            like($r->body, qr/^$want \d+x*$/, "$uri: intact");
            ok($t->wait_stats('/query_cache', 'store', 'stored', ++$stored),
                "$uri: stored");

            my $hit = $t->request($method, $uri, body => $body);
            is($hit->body_md5, $r->body_md5, "$uri: a hit");
        }
    }
}

my %refused = (cut => 'incomplete', noend => 'incomplete',
    'big&cut' => 'incomplete', 'big&noend' => 'incomplete',
    longer => 'incomplete', cookie => 'set_cookie', status => 'status');

for my $what (sort keys %refused) {
    for my $path ('/a', '/unbuffered') {
        my $plain = $t->get("/plain?$what");
        my $uri = "$path?$what";

        for my $time ('first', 'second') {
            my $r = $t->get($uri);
            is($r->status . $r->error . $r->body_length, $plain->status
                . $plain->error . $plain->body_length,
                "$uri, $time: passed on");
            is(logged($uri), "MISS $refused{$what}", "$uri, $time: reason");
        }
    }
}

is($t->stats('/query_cache', 'store', 'stored'), $stored, 'nothing else');

done_testing();
