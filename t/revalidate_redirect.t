#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Where the answer to a validation is X-Accel-Redirect, the location it names
# answers as ever: with its error pages, named ones, too, and with the query
# in a file.  Of an answer that is given up for an entry nothing stays,
# neither its rate nor its charset nor other fields; and variables that stand
# for fields of the request are those of the client again.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::FakeS3;
use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $s3 = QC::FakeS3->start(port => port('s3'));
my $up = QC::Upstream->start(port => port('up'), routes => {});

$t->write_file_expand('nginx.conf', <<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        s3 http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;
    }

    log_format test '$request_uri|$status|$body_bytes_sent|$upstream_status'
        '|$http_if_none_match|$http_accept_encoding|$http_range';

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        proxy_http_version 1.1;
        client_body_buffer_size 1k;
        charset_types text/plain;
        add_header X-Status $query_cache_status always;
        access_log %%TESTDIR%%/test.log test;

        location / {
            query_cache z;
            query_cache_methods GET HEAD POST QUERY;
            error_page 404 /errors/outer;
            proxy_set_header X-Client "$http_if_none_match|$http_range";
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /inner/missing {
            error_page 404 /errors/inner;
            return 404;
        }

        location /inner/fails {
            error_page 503 @inner;
            proxy_intercept_errors on;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /inner/body {
            proxy_method POST;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location @inner {
            return 200 "named\n";
        }

        location /errors/ {
            return 200 "$uri\n";
        }

        location = /query_cache {
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

my $stored = 0;

sub stored { $t->wait_stats('/query_cache', 'store', 'stored', ++$stored) }

sub is_answer {
    my ($r, $expected, $name) = @_;

    chomp(my $body = $r->body);
    is(join(' ', $r->status, $r->header('X-Status') // '-', $body), $expected,
        $name);
}

sub fill {
    my ($uri, $control, $next, @request) = @_;

    $up->set($uri => { body => 'body', headers => ['Cache-Control' =>
        $control, ETag => '"a"', 'Content-Type' => 'text/plain'] });
    is_answer($t->request(@request ? @request : ('GET', $uri)),
        '200 MISS body', "$uri: a miss");
    ok(stored(), "$uri: stored");
    $up->set($uri => $next);
}

my @to = ('X-Accel-Redirect');

fill('/a', 'no-cache', { headers => [@to => '/inner/missing'] });
is_answer($t->get('/a'), '404 - /errors/inner', 'the page of the location');

fill('/b', 'no-cache', { headers => [@to => '/inner/fails'] });
$up->set('/inner/fails' => { status => 503 });
is_answer($t->get('/b'), '503 - named', 'a named one');

fill('/c', 'max-age=0, stale-if-error=60',
    { headers => [@to => '/inner/missing'] });
is_answer($t->get('/c'), '404 - /errors/inner', 'where it may be stale');

my $body = 'q' x 5000;

$up->set('/inner/body' => { body => 'moved' });
fill('/d', 'no-cache', { headers => [@to => '/inner/body'] }, 'QUERY', '/d',
    body => $body);
is_answer($t->request('QUERY', '/d', body => $body), '200 - moved', 'a query');
is($up->last(qr{ /inner/body})->{body}, $body, 'with its body');

# what an answer that is given up has said

my @leaves = ('X-Accel-Limit-Rate' => 1, 'X-Accel-Charset' => 'koi8-r',
    'X-Accel-Buffering' => 'no', 'Content-Encoding' => 'gzip',
    'Content-Language' => 'de', Location => '/x', Refresh => '1; url=/x',
    'WWW-Authenticate' => 'Basic', 'Accept-Ranges' => 'bytes',
    'X-Field' => 1, 'Last-Modified' => 'Mon, 28 Sep 2020 06:00:00 GMT',
    'Content-Type' => 'x/y; charset=latin1', 'Content-Disposition' => 'x');

for my $case (
    ['/304', 'no-cache', 'REVALIDATED', { status => 304,
        headers => [@leaves, ETag => '"a"'] }],
    ['/503', 'max-age=0, stale-if-error=60', 'STALE',
        { status => 503, body => 'busy', headers => \@leaves }],
) {
    my ($uri, $control, $status, $answer) = @$case;

    fill($uri, $control, $answer);

    my $c = $t->client;
    my $r = $c->get($uri, headers => [Range => 'bytes=1-2']);
    is(join(' ', $r->status, $r->header('X-Status'), $r->body),
        "206 $status od", "$uri: a part");

    $r = $c->get($uri, timeout => 2);
    is_answer($r, "200 $status body", "$uri: whole");
    is($r->header('Content-Type'), 'text/plain', "$uri: Content-Type");
    is($r->header('Content-Encoding'), undef, "$uri: Content-Encoding");

    next if $status ne 'STALE';

    is($r->header($_), undef, "$uri: no $_") for grep { !/^Content-Type/ }
        grep { /^[A-Z]/ && $_ ne 'Accept-Ranges' } @leaves;
}

# variables have the client's own, but for what is sent to the upstream

$up->set('/304' => { status => 304, headers => [ETag => '"a"'] });
is_answer($t->get('/304', headers => ['If-None-Match' => '"z"',
    'If-Range' => '"a"', 'Accept-Encoding' => 'br', Range => 'bytes=0-1']),
    '206 REVALIDATED bo', 'a part once more');
is($up->last('/304')->{headers}{'x-client'}, '"a"|',
    'what the upstream is asked');
my $line = '/304|206|2|304|\x22z\x22|br|bytes=0-1';

ok(wait_until(sub {
    return index(slurp($t->testdir . '/test.log'), "\n$line\n") > 0;
}), 'what the client asked');

is($t->stats('/query_cache', 'request', 'broken'), 0, 'none broken');

done_testing();
