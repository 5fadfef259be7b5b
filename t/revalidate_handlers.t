#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Entries are validated, and served stale on errors, whatever handler asks the
# upstream: those of FastCGI, SCGI and uwsgi are told of the entry's ETag, and
# what they answer is taken back as that of proxy_pass is, with and without
# buffering, on one connection of the client.  A query goes with it each time.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Digest::MD5 qw/md5_hex/;
use IO::Socket::INET;

use QC::Nginx;
use QC::Util qw/fork_process/;

my $t = QC::Nginx->new->has(qw/http fastcgi scgi uwsgi query_cache/);

$t->write_file('params.conf', join '', map { my $name = $_;
    map { "$_ $name;\n" } qw/fastcgi_param scgi_param uwsgi_param/ }
    'REQUEST_METHOD $request_method', 'CONTENT_LENGTH $content_length',
    'REQUEST_URI $request_uri');

my @kinds = qw/fastcgi scgi uwsgi/;

my $locations = join '', map { my $kind = $_; map { <<"EOF" } 'on', 'off' }

        location /$kind/$_/ {
            query_cache z;
            ${kind}_buffering $_;
            ${kind}_pass 127.0.0.1:%%PORT_$kind%%;
        }
EOF
    @kinds;

$t->write_file_expand('nginx.conf', <<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        disk %%TESTDIR%%/store;
    }

    query_cache_methods GET HEAD POST QUERY;
    client_body_buffer_size 1k;
    include params.conf;
    add_header X-Status \$query_cache_status always;

    server {
        listen 127.0.0.1:%%PORT_8080%%;
$locations
        location = /query_cache {
            query_cache_admin z;
        }
    }
}

EOF

# A server of each protocol: one request a connection

sub read_fastcgi {
    my ($sock) = @_;
    my %in = map { $_ => '' } 1 .. 11;

    while (read($sock, my $head, 8) == 8) {
        my ($type, $length, $padding) = (unpack 'CCnnC', $head)[1, 3, 4];

        my $content = '';
        read $sock, $content, $length if $length;
        read $sock, my $pad, $padding if $padding;
        $in{$type} .= $content;
        last if $type == 5 && !$length;
    }

    my %params;
    my $p = $in{4};

    while ($p ne '') {
        my @n = map { my $n = unpack 'C', $p;
            $n & 0x80 ? unpack('N', substr $p, 0, 4, '') & 0x7fffffff
                      : unpack 'C', substr $p, 0, 1, '' } 1, 2;
        my $name = substr $p, 0, $n[0], '';
        $params{$name} = substr $p, 0, $n[1], '';
    }

    return \%params, $in{5};
}

sub read_scgi {
    my ($sock) = @_;
    my ($length, $ch) = ('', '');

    while (read($sock, $ch, 1) && $ch ne ':') {
        $length .= $ch;
    }

    read $sock, (my $head), $length;
    read $sock, $ch, 1;
    my @params = split /\0/, $head, -1;
    pop @params;
    my %params = @params;
    read $sock, (my $body), $params{CONTENT_LENGTH} || 0;

    return \%params, $body;
}

sub read_uwsgi {
    my ($sock) = @_;

    read $sock, (my $head), 4;
    read $sock, (my $vars), unpack 'xv', $head;

    my %params = unpack '(v/a)*', $vars;
    read $sock, (my $body), $params{CONTENT_LENGTH} || 0;

    return \%params, $body;
}

sub record { return pack('CCnnCx', 1, $_[0], 1, length $_[1], 0) . $_[1] }

sub write_fastcgi {
    my ($sock, $out) = @_;

    while ($out ne '') {
        print $sock record(6, substr $out, 0, 30_000, '');
    }

    print $sock record(6, ''), record(3, pack 'NCx3', 0, 0);
}

sub write_plain { my ($sock, $out) = @_; print $sock "HTTP/1.1 $out" }

my %n;

sub answer {
    my ($params, $body) = @_;
    my $uri = $params->{REQUEST_URI};
    my $n = ++$n{$uri};
    my $asked = $params->{HTTP_IF_NONE_MATCH} // '';

    return ('304 Not Modified', "ETag: \"a\"\r\n", '')
        if $uri =~ /valid/ && $asked eq '"a"';

    return ('500 Error', "X-Field: 1\r\n", 'x' x 200_000)
        if $uri =~ /stale/ && $n > 1;

    return ('200 OK', "ETag: \"a\"\r\nCache-Control: "
        . ($uri =~ /valid/ ? 'no-cache' : 'max-age=0, stale-if-error=60')
        . "\r\n", join ' ', $n, $asked, md5_hex($body));
}

for my $kind (@kinds) {
    my $listen = IO::Socket::INET->new(Proto => 'tcp', Listen => 64,
        LocalAddr => '127.0.0.1:' . port($kind), ReuseAddr => 1) or die;

    fork_process("$kind server", sub {
        local $SIG{PIPE} = 'IGNORE';

        while (my $sock = $listen->accept) {
            no strict 'refs';

            my ($status, $head, $body) = answer("read_$kind"->($sock));
            my $text = "Content-Length: " . length($body) . "\r\n" if $body;
            my $out = "$status\r\n$head" . ($text // '') . "\r\n$body";

            $kind eq 'fastcgi' ? write_fastcgi($sock, "Status: $out")
                               : write_plain($sock, $out);
            close $sock;
        }
    });

    close $listen;
}

$t->run;

my $stored = 0;

sub stored { $t->wait_stats('/query_cache', 'store', 'stored', ++$stored) }

sub is_answer {
    my ($r, $expected, $name) = @_;

    is(join(' ', $r->status, $r->header('X-Status') // '-', $r->body),
        $expected, $name);
}

for my $kind (@kinds) {
    for my $buffering ('on', 'off') {
        for my $method ('GET', 'QUERY') {
            my $dir = "/$kind/$buffering/" . lc $method;
            my $query = $method eq 'QUERY' ? 'q' x 5000 : '';
            my $body = '1  ' . md5_hex($query);
            my @query = $query ? (body => $query, headers =>
                ['Content-Type' => 'text/plain']) : ();
            my $c = $t->client;

            is_answer($c->request($method, "$dir-valid", @query),
                "200 MISS $body", "$dir: a miss");
            ok(stored(), "$dir: stored");

            for my $n (1 .. 2) {
                is_answer($c->request($method, "$dir-valid", @query),
                    "200 REVALIDATED $body", "$dir: validated, $n");
            }

            is_answer($c->request($method, "$dir-stale", @query),
                "200 MISS $body", "$dir: a miss");
            ok(stored(), "$dir: stored");

            for my $n (1 .. 2) {
                is_answer($c->request($method, "$dir-stale", @query),
                    "200 STALE $body", "$dir: stale, $n");
            }
        }
    }
}

is($t->stats('/query_cache', 'request', 'broken'), 0, 'none broken');

done_testing();
