#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Explaining a request whose record is in Redis: the answer waits for it, on
# each kind of connection, with a body of each kind; while Redis stalls, one
# deadline, and while it is down not at all.  A client that goes away
# meanwhile leaves nothing behind.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON::PP ();

use QC::FakeS3;
use QC::Nginx;
use QC::Services qw/redis/;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/)->has_daemon('curl');
my $v2 = $t->has_feature('v2');

my $redis = redis();
my $s3 = QC::FakeS3->start(port => port('s3'));
my $up = QC::Upstream->start(port => port('up'),
    routes => { '/*' => sub { return { body => "{\"n\":$_[1]}" } } });
my $listen_v2 = $v2 ? 'listen 127.0.0.1:%%PORT_v2%% http2;' : '';

$t->write_file_expand('nginx.conf', <<"EOT");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        redis ${\$redis->url};
        redis_timeout 500ms;
        redis_backoff 20ms 50ms;
        s3    http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;
        $listen_v2

        query_cache_methods GET POST QUERY;
        query_cache_engine  json;
        query_cache_valid   10m;
        client_body_buffer_size 16k;

        add_header X-Status \$query_cache_status;
        add_header X-Key    \$query_cache_key;

        location / {
            query_cache z;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /query_cache {
            query_cache_admin z;
        }
    }
}

EOT

$t->run;

my $small = '{"b":1,"a":[1,2]}';
my $large = '{' . join(',', map { "\"m$_\":$_" } 10_000 .. 19_999) . '}';
my $type = ['Content-Type', 'application/json'];
my $stored = 0;


sub said {
    my ($text) = @_;

    my $said = eval { JSON::PP::decode_json($text) } // {};

    return join ' ', map { $said->{$_} // '-' } qw/decision reason key/;
}


sub explained {
    my ($method, $body, %o) = @_;

    my $r = $t->request($method, '/query_cache?explain=%2Fa', %o,
        headers => $type, defined $body ? (body => $body) : ());

    return said($r->body);
}


sub explained_v2 {
    my ($method, $body) = @_;

    my $r = curl('--http2-prior-knowledge', '-X', $method,
        '-H', 'Host: localhost', '-H', "$type->[0]: $type->[1]",
        defined $body ? ('--data-binary', '@-') : (),
        'http://127.0.0.1:' . port('v2') . '/query_cache?explain=/a',
        { input => $body });

    return said($r->{body});
}


for (['GET', undef], ['POST', $small], ['QUERY', $small], ['POST', $large],
    ['QUERY', $large, chunked => 1], ['POST', '{}', chunked => 1],
    ['QUERY', '[]', expect => 1])
{
    my ($method, $body, @options) = @$_;
    my $name = "$method, " . length($body // '') . " bytes @options";

    my $before = explained($method, $body, @options);
    like($before, qr/^miss absent [0-9a-f]{64}$/, "$name: would be a miss");
    is(explained_v2($method, $body), $before, "$name: HTTP/2") if $v2;

    my $r = $t->request($method, '/a', headers => $type, @options,
        defined $body ? (body => $body) : ());
    is($r->header('X-Status'), 'MISS', "$name: is one");
    $t->wait_stats('/query_cache', 'store', 'stored', ++$stored);

    my $after = explained($method, $body, @options);
    is($after, 'hit - ' . $r->header('X-Key'), "$name: would be a hit");
    is(explained_v2($method, $body), $after, "$name: HTTP/2, too") if $v2;
}

is($up->count(qr/./), $stored, 'nothing was asked by explaining');


# Many on one connection, one after the other, and pipelined

my $c = $t->client;
my $request = "GET /query_cache?explain=%2Fa HTTP/1.1\r\nHost: localhost\r\n"
    . "$type->[0]: $type->[1]\r\n";

$c->send("$request\r\n" x 20);
is(join(' ', map { (split ' ', said($c->read_response->body))[0] } 1 .. 20),
    join(' ', ('hit') x 20), 'twenty at once');


# Redis stalls: one deadline; clients that do not wait; then none

$redis->pause;

my @clients = map { $t->client } 1 .. 6;
$_->send("$request\r\n") for @clients;
$clients[$_]->reset for 0, 1;
$clients[2]->close;

for my $n (3 .. 5) {
    like(said($clients[$n]->read_response->body), qr/^miss index_timeout/,
        'an answer, not the record');
}

ok(wait_until(sub { explained('GET') =~ /^miss index_down/ }, 5),
    'then nothing waits');

$redis->resume;
ok(wait_until(sub { explained('GET') =~ /^hit/ }, 5), 'it is back');

is($up->count(qr/./), $stored, 'nothing was asked by explaining');

done_testing();
