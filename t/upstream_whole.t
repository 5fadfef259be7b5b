#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Every way in which an upstream can send a whole answer gives the same bytes
# on the miss and on the hit: a length or chunks of any size, HTTP/1.0, with
# and without keep-alive, in drops, with proxy_buffering off, and through
# nginx's own temporary file to a slow client.  A capture that saw only
# buffers in memory, or each buffer twice, would store another answer.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Body;
use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my %answers = (
    length      => {},
    close       => { close => 1 },
    chunked     => { chunked => 1 },
    chunks      => { chunked => 3000 },
    drops       => { chunked => 1, drip => [30_000, 0.001] },
    http10      => { version => '1.0' },
    http10close => { version => '1.0', close => 1 },
    parts       => { at => [[1, delay => 0.001], [40_000, delay => 0.001]] },
    interim     => { interim => ["HTTP/1.1 103 Early Hints\r\n\r\n"] },
);

# before 1.29 an interim answer is taken for the answer by nginx itself
delete $answers{interim} if !$t->version('1.29.0');

my %sizes = (none => 0, one => 1, small => 5000, big => 700_000);
my %routes;

for my $answer (keys %answers) {
    $routes{"/$answer/$_"} = { %{$answers{$answer}}, size => $sizes{$_},
        seed => "$answer $_" } for keys %sizes;
}

# one byte a chunk

$routes{'/bytes'} = { size => 300, chunked => 1, drip => [1, 0] };

my $up = QC::Upstream->start(port => port('up'), routes => \%routes);

$t->write_file_expand('nginx.conf', <<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        disk %%TESTDIR%%/store;
    }

    upstream up {
        server 127.0.0.1:%%PORT_up%%;
        keepalive 2;
    }

    query_cache_valid 1h;
    add_header X-Status $query_cache_status;

    server {
        listen 127.0.0.1:%%PORT_8080%% sndbuf=32k;

        location /old/ {
            query_cache z;
            proxy_pass http://up/;
        }

        location /new/ {
            query_cache z;
            proxy_http_version 1.1;
            proxy_set_header Connection '';
            proxy_pass http://up/;
        }

        location /unbuffered/ {
            query_cache z;
            proxy_buffering off;
            proxy_http_version 1.1;
            proxy_set_header Connection '';
            proxy_pass http://up/;
        }

        location /file/ {
            query_cache z;
            proxy_buffers 2 4k;
            proxy_buffer_size 4k;
            proxy_busy_buffers_size 4k;
            proxy_http_version 1.1;
            proxy_set_header Connection '';
            proxy_pass http://up/;
        }

        location = /query_cache {
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

my $stored = 0;

for my $way (qw/old new unbuffered file/) {
    for my $uri (sort keys %routes) {
        my $route = $routes{$uri};

        # an answer of HTTP/1.1 to a request of 1.0 is not for the old way
        next if $way eq 'old' && $route->{chunked};

        my $md5 = QC::Body->new(size => $route->{size},
            seed => $route->{seed})->md5;
        my @slow = $way eq 'file' && $uri =~ m{^/(?:length|chunked)/big}
            ? (rate => 8_000_000, rcvbuf => 65536) : ();
        my $name = "$way, $uri";

        my $r = $t->get("/$way$uri", @slow);
        is($r->error, '', "$name: whole");
        is($r->body_md5, $md5, "$name: right");
        ok($t->wait_stats('/query_cache', 'store', 'stored', ++$stored),
            "$name: stored");

        $r = $t->get("/$way$uri");
        is($r->header('X-Status'), 'HIT', "$name: a hit");
        is($r->body_md5, $md5, "$name: the same");
    }
}

ok(scalar $t->error_log(qr/buffered to a temporary file/),
    'some went through a file');

done_testing();
