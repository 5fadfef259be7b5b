#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Fields of one connection or one moment are not stored: hop-by-hop ones,
# those the upstream names in Connection, X-Accel-*, Date, Server; Age goes on
# from what it was; all others come back in a hit as they were, in order,
# repeated ones too.  A stored Connection or Transfer-Encoding would break the
# client's framing.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::FakeS3;
use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my @kept = (
    'Content-Type'  => 'application/json; charset=utf-8',
    'Last-Modified' => 'Mon, 28 Sep 2020 06:00:00 GMT',
    'ETag'          => '"abc"',
    'Expires'       => 'Mon, 28 Sep 2099 06:00:00 GMT',
    'Cache-Control' => 'public',
    'Cache-Control' => 'max-age=500',
    'Link'          => '</a>; rel=next',
    'Link'          => '</b>; rel=prev',
    'X-Empty'       => '',
    'X-Bytes'       => "caf\xc3\xa9 \t \"quoted\" (x)",
    'X-ClickHouse-Summary' => '{"read_rows":"3"}',
    'WWW-Authenticate' => 'Basic realm="a"',
    'Content-Language' => 'en',
    'Content-Disposition' => 'attachment; filename="a.csv"',
    'Warning'       => '199 - "x"',
    'x-lower'       => 'lower',
    'X-Named-Not'   => '1',
);

my @dropped = (
    'Connection'    => 'keep-alive, X-Named, x-other ,X-Third',
    'X-Named'       => 'a',
    'X-Other'       => 'b',
    'x-third'       => 'c',
    'Keep-Alive'    => 'timeout=5',
    'Proxy-Authenticate' => 'Basic',
    'Proxy-Authentication-Info' => 'x',
    'Proxy-Connection' => 'keep-alive',
    'TE'            => 'trailers',
    'Upgrade'       => 'h2c',
    'Age'           => '7',
    'Date'          => 'Mon, 28 Sep 2020 06:00:00 GMT',
    'Server'        => 'upstream/1.0',
    'X-Accel-Expires' => '1000',
    'X-Accel-Buffering' => 'no',
    'X-Accel-Charset' => 'off',
    'X-Accel-Limit-Rate' => '0',
    'Accept-Ranges' => 'none',
    'Status'        => '201 Created',
);

my $s3 = QC::FakeS3->start(port => port('s3'));
my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => { body => 'body', chunked => 1, headers => [@kept, @dropped] },
});

$t->write_file_expand('nginx.conf', <<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        s3 http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            query_cache z;
            proxy_http_version 1.1;
            proxy_pass_header Server;
            proxy_pass_header Date;
            proxy_pass_header X-Accel-Expires;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /plain/ {
            proxy_http_version 1.1;
            proxy_pass http://127.0.0.1:%%PORT_up%%/;
        }

        location = /query_cache {
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

# in the order they came in

sub fields {
    my ($r) = @_;

    my %mine = map { lc() => 1 } grep { defined }
        @kept[map { 2 * $_ } 0 .. $#kept / 2];

    return join '', map { "$_->[0]: $_->[1]\n" }
        grep { $mine{lc $_->[0]} } @{$r->headers};
}

my $plain = $t->get('/plain/a');
my $miss = $t->get('/a');
ok($t->wait_stats('/query_cache', 'store', 'stored', 1), 'stored');
my $hit = $t->get('/a');

is($up->hits('/a'), 2, 'the third is a hit');
is(fields($miss), fields($plain), 'a miss has what the upstream sent');
is(fields($hit), fields($plain), 'and a hit has the same');
is($hit->body, 'body', 'the body');

for my $name (qw/X-Named X-Other X-Third Keep-Alive Proxy-Authenticate
    Proxy-Authentication-Info Proxy-Connection TE Upgrade Trailer
    X-Accel-Expires X-Accel-Buffering X-Accel-Charset X-Accel-Limit-Rate
    Transfer-Encoding Status/)
{
    is($hit->header($name), undef, "no $name");
}

is($hit->header('Connection'), 'close', 'Connection is that of nginx');
like($hit->header('Server'), qr/^nginx/, 'so is Server');
is($hit->header('Content-Length'), 4, 'the length is known');
is($hit->header('Accept-Ranges'), 'bytes', 'Accept-Ranges');
is($miss->header('Age'), 7, 'the Age of a miss is as it came');
cmp_ok($hit->header('Age'), '>=', 7, 'that of a hit counts on');
is($hit->header('Date'), 'Mon, 28 Sep 2020 06:00:00 GMT',
    'Date is that of the answer');

# their framing is right on one connection

my $c = $t->client;
is($c->get('/a')->body, 'body', 'keep-alive');
is($c->get('/a', version => '1.0')->body, 'body', 'HTTP/1.0');

my ($path) = $s3->keys;
is($s3->object($path)->{headers}{'content-type'},
    'application/json; charset=utf-8', 'the type of the object');

done_testing();
