#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# A client whose conditions the upstream was not told of gets its 304 here,
# at once, and the answer is stored all the same: also if this client then
# goes away, or reads so slowly that not even its 304 can be sent, over
# HTTP/1 and HTTP/2, buffered or not. What comes next on the connection is
# answered in its turn.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Body;
use QC::FakeS3;
use QC::Nginx;
use QC::Upstream;

use constant PIPELINED => 500;

my $t = QC::Nginx->new->has(qw/http proxy query_cache v2/);

my @headers = (ETag => '"a"', 'Cache-Control' => 'max-age=600');

my $s3 = QC::FakeS3->start(port => port('s3'));
my $up = QC::Upstream->start(port => port('up'), routes => {
    '/gate/*' => { size => 300_000, headers => \@headers,
        at => [[100_000, gate => 'g']] },
    '/small/*' => { body => 'small', headers => \@headers },
    '/file/*' => { size => 3_000_000, headers => \@headers },
    '/cut/*' => { size => 300_000, headers => \@headers, cut => 200_000 },
    '/long/*' => { size => 300_000, headers => \@headers, chunked => 1 },
});

$t->write_file_expand('nginx.conf', <<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        s3 http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;
        store_queue 8192;
    }

    log_format test '$status $body_bytes_sent $upstream_status';

    server {
        listen 127.0.0.1:%%PORT_8080%% sndbuf=4k;
        listen 127.0.0.1:%%PORT_h2%% http2;

        query_cache z;
        query_cache_bypass $arg_bypass;
        proxy_http_version 1.1;
        keepalive_requests 10000;
        add_header X-Status $query_cache_status;
        access_log %%TESTDIR%%/access.log test;

        location / {
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location ~ /unbuffered {
            proxy_buffering off;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /long/ {
            query_cache_max_size 100k;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /query_cache {
            query_cache off;
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

my @match = (headers => ['If-None-Match' => '"a"']);
my $stored = 0;

sub stored {
    return $t->wait_stats('/query_cache', 'store', 'stored', ++$stored);
}

for my $what ('a', 'unbuffered') {
    for my $dir ('/small/', '/file/') {
        my $c = $t->client;
        my $uri = "$dir$what";
        my $r = $c->get($uri, @match);

        is(join(' ', $r->status, $r->header('X-Status'), $r->body_length),
            '304 MISS 0', "$uri: not modified");
        $r = $c->get("$dir$what-next");
        is($r->status, 200, "$uri: the next");
        ok(stored() && stored(), "$uri: stored both");
        is($c->get($uri)->body_md5, $r->body_md5, "$uri: whole");
        is($c->get($uri)->header('X-Status'), 'HIT', "$uri: a hit");
    }

    # the upstream is not done when the client is

    for my $case ('stays', 'closes', 'half', 'resets') {
        my $uri = "/gate/$what-$case";
        my $c = $t->client;

        $up->ask('hold', 'g');
        is($c->get($uri, @match)->status, 304, "$uri: not modified");
        ok($up->wait_at('g'), "$uri: before it is all there");

        $c->close if $case eq 'closes';
        $c->reset if $case eq 'resets';
        shutdown $c->socket, 1 if $case eq 'half';

        is($t->get('/query_cache')->status, 200, "$uri: others are served");
        $up->release('g');
        ok(stored(), "$uri: stored");
        my $r = $t->get($uri);
        is($r->header('X-Status'), 'HIT', "$uri: a hit");
        is($r->body_md5, QC::Body->new(size => 300_000)->md5, "$uri: whole");

        is($c->get('/small/a')->body, 'small', "$uri: the next")
            if $case eq 'stays';
    }

    # what breaks, or is too long, is not stored; nobody has to know

    for my $dir ('/cut/', '/long/') {
        my $c = $t->client;

        is($c->get("$dir$what", @match)->status, 304,
            "$dir$what: not modified");
        is($c->get('/small/a')->body, 'small', "$dir$what: the next")
            if $dir eq '/long/';
        ok(wait_until(sub { $up->requests(qr{$dir$what})
            && ($up->last(qr{$dir$what}))->{outcome} ne '' }),
            "$dir$what: the upstream is done");
    }
}

# HTTP/2: the stream is over for the client

my $r = curl('--http2-prior-knowledge', '-H', 'If-None-Match: "a"',
    'http://127.0.0.1:' . port('h2') . '/file/h2');
like($r->{head}, qr{^HTTP/2 304}, 'HTTP/2: not modified');
ok(stored(), 'HTTP/2: stored');

$up->ask('hold', 'g');
$r = curl('--http2-prior-knowledge', '-H', 'If-None-Match: "a"',
    'http://127.0.0.1:' . port('h2') . '/gate/h2');
like($r->{head}, qr{^HTTP/2 304}, 'HTTP/2: not modified at once');
$up->release('g');
ok(stored(), 'HTTP/2: stored after the connection');

# so many that they do not fit into the socket's buffer

my $c = $t->client(rcvbuf => 4096, timeout => 30);

$c->connect;
my $pid = fork // die;

if (!$pid) {
    for my $n (1 .. PIPELINED) {
        $c->send("GET /small/a?bypass=1 HTTP/1.1\r\nHost: localhost\r\n"
            . "If-None-Match: \"a\"\r\n\r\n");
    }

    POSIX::_exit(0);
}

my ($n, $hits, $same) = (0, 0, 0);

ok(wait_until(sub {
    my $now = $up->hits('/small/a');

    $same = $now == $hits ? $same + 1 : 0;
    $hits = $now;

    return $now > 10 && $same > 20;
}), 'pipelined: until there is no room for more');


while ($n < PIPELINED) {
    my $answer = $c->read_response(method => 'GET');
    last if $answer->status != 304 || $answer->error;
    $n++;
}

is($n, PIPELINED, 'pipelined: all answered');
waitpid $pid, 0;

is($t->stats('/query_cache', 'request', 'broken'), 0, 'none broken');

done_testing();
