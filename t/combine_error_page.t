#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Error pages: with proxy_intercept_errors the page is looked up and stored
# where it comes from, and what it replaced is not stored at all; without,
# an error that is stored comes back as it was.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Combine;

my %routes = (
    '/page'  => { size => 60_000, headers => [ETag => '"p"'] },
    '/first' => { size => 60_000 },
    '/named' => { size => 70_000 },
    '/bad/*' => { status => 404, body => 'the upstream says no' },
    '/as/*'  => { status => 404, body => 'the upstream says no' },
    '/ret/*' => { status => 404, body => 'never asked' },
);

my $c = QC::Combine->new(routes => \%routes, server => <<'EOF');
        query_cache_valid any 1h;

        location /bad/ {
            proxy_intercept_errors on;
            proxy_pass http://%%UP%%;
            error_page 404 = /page;
            error_page 410 = @named;

            location /bad/named/ {
                error_page 404 =410 @named;
                proxy_pass http://%%UP%%;
            }

            location /bad/status/ {
                error_page 404 /page;
                proxy_pass http://%%UP%%;
            }

            location /bad/first/ {
                error_page 404 /first;
                proxy_pass http://%%UP%%;
            }
        }

        location /as/ {
            error_page 404 = /page;
            proxy_pass http://%%UP%%;
        }

        location /ret/ {
            error_page 410 = /page;
            return 410;

            location /ret/first/ {
                error_page 410 = /first;
                return 410;
            }
        }

        location = /page {
            proxy_pass http://%%UP%%;
        }

        location = /first {
            proxy_pass http://%%UP%%;
        }

        location @named {
            rewrite ^ /named break;
            proxy_pass http://%%UP%%;
        }
EOF

$c->each_zone(sub {
    my $r = $c->miss('/bad/a');
    is($r->status, 200, 'a page of a URI');
    is($r->body_length, 60_000, 'whole');
    is($c->hit('/bad/a')->status, 200, 'again');
    is($c->hit('/bad/b')->body_md5, $r->body_md5, 'for another error');
    is($c->up->count('/page'), 1, 'asked once for the page');
    is($c->up->count(qr{/bad/}), 3, 'each time for the error');

    $r = $c->hit('/ret/a');
    is($r->status . ' ' . $r->body_length, '200 60000', 'after a return');

    $r = $c->ask('GET', '/bad/status/a');
    is($r->header('X-Cache'), 'HIT', 'a page without "=": a hit');
    is($r->status . ' ' . $r->body_length, '404 60000', 'the status stays');

    $r = $c->ask('GET', '/bad/status/a', headers => [
        'If-None-Match' => '"p"']);
    is($r->error, '', 'a condition that would be met: complete');
    is($r->status . ' ' . $r->body_length, '404 60000', 'the whole page');

    $r = $c->miss('/bad/named/a');
    is($r->status . ' ' . $r->body_length, '410 70000', 'a named location');
    $c->hit('/bad/named/a');
    is($c->up->count('/named'), 1, 'asked once');

    $r = $c->miss('/bad/first/a');
    is($r->status . ' ' . $r->body_length, '404 60000', 'first as an error');
    $r = $c->ask('GET', '/ret/first/a');
    is($r->header('X-Cache') . ' ' . $r->status, 'HIT 200', 'then as a page');

    is($c->stats('store', 'stored'), 3, 'no error was stored');

    $r = $c->miss('/as/a');
    is($r->status . ' ' . $r->body, '404 the upstream says no', 'as it was');
    $c->hit('/as/a');
    is($c->up->count('/as/a'), 1, 'asked once');
});

$c->done;
