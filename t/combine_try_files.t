#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# try_files, to files, to a named location and to a URI, works on the
# uncached request: its answers are cached where they end, and a file that
# appears is found.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Combine;
use QC::Nginx;

my $c = QC::Combine->new(no_run => 1, routes => { '/*' => { size => 90_000 } },
    server => <<'EOF');
        root %%TESTDIR%%/html;

        location / {
            try_files $uri @up;
        }

        location @up {
            proxy_pass http://%%UP%%;
        }

        location /off/ {
            query_cache off;
            try_files $uri @up;
        }

        location /only/ {
            try_files $uri @plain;
        }

        location @plain {
            query_cache off;
            proxy_pass http://%%UP%%;
        }

        location /uri/ {
            try_files $uri /other/uri;
        }

        location /other/ {
            proxy_pass http://%%UP%%;
        }
EOF

my $html = $c->t->testdir . '/html';
mkdir $html;
$c->t->run;

$c->each_zone(sub {
    my $zone = $c->zone;

    $c->miss($_), $c->hit($_) for '/a', '/off/a', '/uri/a';

    for my $n (1, 2) {
        is($c->ask('GET', '/only/a')->header('X-Cache'), undef,
            'off in the named location: not looked up');
    }

    is($c->up->count('/only/a'), 2, 'nor stored');
    is($c->up->count('/other/uri'), 1, 'one request of the URI');

    spew("$html/$zone", 'a file');
    is($c->miss("/$zone")->body, 'a file', 'a file');
    unlink "$html/$zone";
    $c->miss("/$zone");
    $c->hit("/$zone");
});

$c->done;
