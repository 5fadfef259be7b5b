#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Rewritten requests: the key is of the URI that the upstream gets, whether
# it came from "rewrite", from an index or from proxy_pass with a URI.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Combine;

my $c = QC::Combine->new(has => ['rewrite'], no_run => 1, routes => {
    '/*' => sub { return { body => "$_[0]{uri} " . 'x' x 50_000 } },
}, server => <<'EOF');
        location / {
            rewrite ^/old/(.*)$ /new/$1 last;
            rewrite ^/args/(.*)$ /new/$1?a=1 last;
            proxy_pass http://%%UP%%;
        }

        location /new/ {
            proxy_pass http://%%UP%%;
        }

        location /break/ {
            rewrite ^/break/(.*)$ /broken/$1 break;
            proxy_pass http://%%UP%%;
        }

        location /uri/ {
            proxy_pass http://%%UP%%/other/;
        }

        location /dir {
            root %%TESTDIR%%;
        }

        location = /move {
            return 301 /a;
        }

        location /loop/ {
            rewrite ^ /loop/again last;
        }
EOF

mkdir $c->t->testdir . '/dir';
$c->t->write_file('dir/index.html', 'an index ' x 9000);
$c->t->run;

my %upstream = ('/a' => '/a', '/old/a' => '/new/a', '/args/a' => '/new/a?a=1',
    '/old/a?b=2' => '/new/a?b=2', '/args/a?b=2' => '/new/a?a=1&b=2',
    '/break/a' => '/broken/a', '/uri/a' => '/other/a',
    '/a%2Fb' => '/a%2Fb', '/a/b' => '/a/b', '/a%20b' => '/a%20b');

$c->each_zone(sub {
    for my $uri (sort keys %upstream) {
        for my $r ($c->miss($uri), $c->hit($uri)) {
            like($r->body, qr/^\Q$upstream{$uri}\E /, "$uri: as upstream");
        }
    }

    is($c->up->count, keys %upstream, 'one request each');

    $c->miss('/dir/');
    $c->hit('/dir/');

    for (1, 2) {
        is($c->ask('GET', '/move')->status, 301, 'return');
        is($c->ask('GET', '/dir')->status, 301, 'a folder without a slash');
        is($c->ask('GET', '/loop/a')->status, 500, 'a loop');
    }
});

$c->done;
