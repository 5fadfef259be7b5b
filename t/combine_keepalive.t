#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Hits and misses, HEAD, POST and conditions follow one another on one
# connection, one by one and pipelined, each with its own answer.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Digest::MD5 qw/md5_hex/;

use QC::Combine;

my $c = QC::Combine->new(routes => {
    '/*' => sub {
        my ($req) = @_;
        my $n = $req->{path} =~ /(\d+)/ ? $1 : 0;

        return { body => "$req->{method} $req->{uri} $req->{md5} "
            . 'x' x ($n * 20_000), headers => [ETag => "\"$n\""] };
    },
}, server => <<'EOF');
        location / {
            query_cache_methods GET HEAD POST;
            proxy_pass http://%%UP%%;
        }
EOF

my @requests = (['GET', '/0'], ['GET', '/1'], ['POST', '/1', 'a query'],
    ['HEAD', '/1'], ['GET', '/5'], ['GET', '/1', undef, 304],
    ['POST', '/1', 'other'], ['GET', '/1', undef, 206], ['GET', '/0'],
    ['POST', '/3', 'q' x 50_000], ['GET', '/5']);

my %more = (304 => ['If-None-Match' => '"1"'], 206 => [Range => 'bytes=5-8']);

sub check {
    my ($name, $request, $r) = @_;
    my ($method, $uri, $body, $status) = @$request;

    $name = "$name: $method $uri";
    is($r->error, '', "$name: complete");
    is($r->status, $status //= 200, "$name: status");

    my $all = "$method $uri " . md5_hex($body // '') . ' '
        . 'x' x (substr($uri, 1) * 20_000);
    my $want = $status == 206 ? substr $all, 5, 4
             : $status == 304 || $method eq 'HEAD' ? '' : $all;
    ok($r->body eq $want, "$name: its body");
}

$c->each_zone(sub {
    for my $uri ('/0', '/1') {
        $c->miss($uri);
    }

    for my $round (1, 2, 3) {
        my $stored = $c->stats('store', 'stored');
        my $client = $c->t->client;

        for my $request (@requests) {
            my ($method, $uri, $body, $status) = @$request;

            check("one by one, $round", $request, $c->ask($method, $uri,
                client => $client, body => $body,
                headers => $more{$status // ''} // []));
        }

        # first all are sent, then all are read
        my $out = '';
        for my $request (@requests) {
            my ($method, $uri, $body, $status) = @$request;
            my @headers = ('X-Zone' => $c->zone, @{$more{$status // ''}
                // []}, defined $body ? ('Content-Length' => length $body)
                : ());

            $out .= "$method $uri HTTP/1.1\r\nHost: localhost\r\n";
            $out .= shift(@headers) . ': ' . shift(@headers) . "\r\n"
                while @headers;
            $out .= "\r\n" . ($body // '');
        }

        $client->send($out);
        check("pipelined, $round", $_, $client->read_response(
            method => $_->[0])) for @requests;

        $c->stored('POST and /5', $stored) if $round == 1;
    }
});

$c->done(4 * 3 * @requests);
