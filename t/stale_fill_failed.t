#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# A background fill that comes to nothing leaves the entry as it was, and
# the next stale answer tries once more: errors of the upstream and of
# nginx, error pages, redirects into other locations, answers that may not be
# stored, are too big, break off, or drip on and on.  No other location may
# ever run for nobody.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Nginx;
use QC::Stale;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy rewrite ssi addition query_cache/);

my $fresh = ['Cache-Control' => 'max-age=600'];
my $max_age = "Cache-Control: max-age=600\r\n";

# what the fill is answered, and why it is not stored

my %failures = (
    '500'       => [{ status => 500, body => 'error' }, 'status'],
    '404'       => [{ status => 404, body => 'none' }, 'freshness'],
    'empty'     => [{ reset => -1 }],
    'garbage'   => [{ raw => "nonsense\r\n\r\n" }, 'status'],
    'redirect'  => [{ body => '', headers =>
        ['X-Accel-Redirect' => '/elsewhere', @$fresh] }],
    'named'     => [{ body => '', headers =>
        ['X-Accel-Redirect' => '@named', @$fresh] }],
    'pieces'    => [{ interim => ["HTTP/1.1 200 OK\r\n", [delay => 0.2]],
        raw => "X-Accel-Redirect: /elsewhere\r\n$max_age\r\n" }],
    'hints'     => [{ interim => ["HTTP/1.1 103 Hints\r\n$max_age\r\n"],
        body => '', headers => ['X-Accel-Redirect' => '/elsewhere',
        @$fresh] }, $t->version('1.29.0') ? () : 'status'],
    'cookie'    => [{ body => 'x', headers => ['Set-Cookie' => 'a=b',
        @$fresh] }, 'set_cookie'],
    'private'   => [{ size => 200_000, headers =>
        ['Cache-Control' => 'private'] }, 'cache_control'],
    'cut'       => [{ size => 100_000, cut => 50_000, headers => $fresh },
        'incomplete'],
    'open'      => [{ size => 100_000, chunked => 1, no_last_chunk => 1,
        headers => $fresh }, 'incomplete'],
    'eof'       => [{ size => 100_000, eof => 1, headers => $fresh },
        'incomplete'],
    'big'       => [{ size => 3_000_000, chunked => 1, headers => $fresh },
        'max_size'],
    'bigger'    => [{ size => 3_000_000, headers => $fresh }, 'max_size'],
    'endless'   => [{ size => 30_000_000, chunked => 1,
        at => [[3_000_000, gate => 'never']], headers => $fresh },
        'max_size'],
    'partial'   => [{ status => 206, body => 'x', headers =>
        ['Content-Range' => 'bytes 0-0/2', @$fresh] }, 'status'],
    'switch'    => [{ status => 101, body => '', headers =>
        [Upgrade => 'x', Connection => 'upgrade'] }, 'status'],
    'intercept/500'  => [{ status => 500, body => 'error' }],
    'intercept/404'  => [{ status => 404, body => 'none' }],
    'intercept/uri'  => [{ status => 403, body => 'not you' }],
    'post_action/cut' => [{ size => 100_000, cut => 50_000,
        headers => $fresh }, 'incomplete'],
    'post_action/500' => [{ status => 500, body => 'error' }, 'status'],
    'off/cut'   => [{ size => 100_000, cut => 50_000, headers => $fresh },
        'incomplete'],
    'off/big'   => [{ size => 3_000_000, headers => $fresh }, 'max_size'],
    'off/chunked' => [{ size => 3_000_000, chunked => 1,
        at => [[2_500_000, gate => 'never']], headers => $fresh },
        'max_size'],
    'sound/not' => [{ body => 'a BROKEN answer', headers => $fresh },
        'integrity_rule'],
    'timeout'   => [{ hang => -1 }],
);

my @names = sort keys %failures;

my $up = QC::Upstream->start(port => port('up'), routes => {
    (map { ("/$_" => [
        { body => "old $_", headers => stale_headers() },
        $failures{$_}[0],
        { body => "new $_", headers => $fresh },
    ]) } @names),
    '/aside/*' => { body => 'aside' },
});

$t->write_file_expand('nginx.conf', <<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_hit_for_miss 0;     # a fill may be tried again at once

    query_cache_zone z {
        disk %%TESTDIR%%/store;
    }

    query_cache_max_size 1m;
    add_header X-Status $query_cache_status;

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            query_cache z;
            proxy_pass http://127.0.0.1:%%PORT_up%%;

            error_page 500 502 503 504 /page;
            ssi on;
            ssi_types *;
            add_after_body /aside/after;
            addition_types *;
        }

        location /intercept/ {
            query_cache z;
            proxy_intercept_errors on;
            error_page 500 502 /page;
            error_page 404 = @named;
            error_page 403 =200 /elsewhere;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /post_action/ {
            query_cache z;
            post_action /elsewhere;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /off/ {
            query_cache z;
            proxy_buffering off;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /sound/ {
            query_cache z;
            query_cache_integrity !text=BROKEN;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /timeout {
            query_cache z;
            proxy_read_timeout 1s;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /page {
            internal;
            rewrite ^ /aside/page break;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /elsewhere {
            internal;
            rewrite ^ /aside/elsewhere break;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location @named {
            rewrite ^ /aside/named break;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /aside/ {
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /stats {
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

$t->get("/$_") for @names;
ok(wait_stale($t, '/stats', scalar @names), 'stale entries');

my $stored = @names;
my $failed = 0;
my %reasons = %{$t->stats('/stats', 'reason')};

# post_action runs for clients, and the addition, too

my $aside = $up->count(qr{ /aside/(?!after|elsewhere)});

for my $name (@names) {
    my $elsewhere = $up->hits('/aside/elsewhere');
    my $r = $t->get("/$name");

    is($r->header('X-Status') . ' ' . $r->body =~ s/aside$//r,
        "UPDATING old $name", "$name: a stale answer");
    ok($t->wait_stats('/stats', 'fill', 'failed', ++$failed),
        "$name: the fill failed");
    is($up->hits("/$name"), 2, "$name: the upstream was asked");

    my $reason = $failures{$name}[1] // next;

    is($t->stats('/stats', 'reason', $reason), ++$reasons{$reason},
        "$name: $reason");
}

is($t->stats('/stats', 'store', 'stored'), $stored, 'nothing was stored');
is($up->count(qr{ /aside/(?!after|elsewhere)}), $aside,
    'no other location was asked');
is($up->hits('/aside/elsewhere'), 4, 'but for clients');
is($t->error_log(qr/redirection cycle/), 0, 'nor was it tried');

for my $name (@names) {
    my $r = $t->get("/$name");

    is($r->header('X-Status') . ' ' . $r->body =~ s/aside$//r,
        "UPDATING old $name", "$name: stale again");
    ok($t->wait_stats('/stats', 'store', 'stored', ++$stored),
        "$name: stored at last");
    is($t->get("/$name")->body =~ s/aside$//r, "new $name",
        "$name: the new one");
}

is($t->stats('/stats', 'fill', 'started'), 2 * @names, 'as often as it took');
is($t->stats('/stats', 'fill', 'failed'), scalar @names, 'half of them');

ok($t->stop, 'nothing keeps the worker');

done_testing();
