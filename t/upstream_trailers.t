#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# An answer with trailers is passed on and not stored: those an upstream
# announces in Trailer, as ClickHouse does with the code of an exception, and
# those that nginx (1.27.2 and newer, with proxy_pass_trailers) lets a filter
# see.  A hit would lack what they say of the body, that it is an error, for
# example.  What nobody announces and nginx drops is in no answer, and a hit
# is what the miss was.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $silent = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
    . "Content-Type: text/plain\r\nCache-Control: max-age=60\r\n\r\n"
    . "4\r\nbody\r\n0\r\nX-Exception: 395\r\n\r\n";

my @fresh = ('Cache-Control' => 'max-age=60');

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/announced' => { body => 'body', chunked => 1, headers => [@fresh],
        trailers => ['X-Exception' => 395] },
    '/promised' => { body => 'body', headers => [@fresh, Trailer =>
        'X-Exception'] },
    '/silent' => { raw => $silent },
});

my $pass = $t->version('1.27.2') ? 'proxy_pass_trailers on;' : '';

$t->write_file_expand('nginx.conf', <<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        disk %%TESTDIR%%/store;
    }

    query_cache z;
    proxy_http_version 1.1;
    proxy_set_header Connection '';
    add_header X-Cache \$query_cache_status;

    log_format cache '\$uri \$query_cache_status \$query_cache_reason';
    access_log %%TESTDIR%%/cache.log cache;

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /passed/ {
            $pass
            proxy_set_header Connection 'te';
            proxy_set_header TE trailers;
            proxy_pass http://127.0.0.1:%%PORT_up%%/;
        }

        location = /query_cache {
            query_cache off;
            access_log off;
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

sub refused {
    my ($uri) = @_;

    for my $time (1, 2) {
        my $r = $t->get($uri);
        is($r->header('X-Cache'), 'MISS', "$uri, $time: a miss");
        is($r->body, 'body', "$uri, $time: the body");
    }

    ok(wait_until(sub {
        my @lines = slurp($t->testdir . '/cache.log')
            =~ /^\Q$uri\E MISS trailers$/mg;
        return @lines == 2;
    }), "$uri: why");
}

refused($_) for qw{/announced /promised /passed/announced /passed/promised};
refused('/passed/silent') if $pass;

is($t->stats('/query_cache', 'store', 'stored'), 0, 'nothing is stored');

my $miss = $t->get('/silent');
is($miss->header('X-Cache'), 'MISS', 'dropped by nginx: a miss');
is_deeply($miss->trailers // [], [], 'dropped by nginx: it had none');
ok($t->wait_stats('/query_cache', 'store', 'stored', 1), 'stored');

my $hit = $t->get('/silent');
is($hit->header('X-Cache'), 'HIT', 'dropped by nginx: a hit');
is($hit->body, $miss->body, 'dropped by nginx: the same body');
is_deeply($hit->trailers // [], [], 'dropped by nginx: and no trailers');

done_testing();
