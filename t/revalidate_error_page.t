#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# An error page that is cached is validated as other entries are: a 304 is
# answered from the store, and with the status of the error. That status is
# not the page's: a good page for a 502 is no failure, and not replaced by a
# stale one; a page that fails is.

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
my $up = QC::Upstream->start(port => port('up'), routes => {
    '/pages/valid' => sub {
        my ($req, $n) = @_;

        return { status => 304, headers => [ETag => '"a"'] }
            if ($req->{headers}{'if-none-match'} // '') eq '"a"';

        return { body => "page $n", headers => [ETag => '"a"',
            'Cache-Control' => 'no-cache'] };
    },
    '/pages/stale' => sub {
        my ($req, $n) = @_;

        return { status => 503, body => 'busy' } if $n == 3;
        return { body => "page $n", headers =>
            ['Cache-Control' => 'max-age=0, stale-if-error=600'] };
    },
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

        proxy_http_version 1.1;
        add_header X-Status $query_cache_status always;

        location = /missing {
            error_page 404 /pages/valid;
            return 404;
        }

        location = /found {
            error_page 404 =200 /pages/valid;
            return 404;
        }

        location = /failed {
            error_page 502 /pages/stale;
            return 502;
        }

        location /pages/ {
            query_cache z;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
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

    is(join(' ', $r->status, $r->header('X-Status') // '-', $r->body),
        $expected, $name);
}

my $c = $t->client;

is_answer($c->get('/missing'), '404 MISS page 1', 'a page');
ok(stored(), 'stored');

for (1 .. 2) {
    is_answer($c->get('/missing'), '404 REVALIDATED page 1', 'validated');
}

is_answer($c->get('/missing', headers => ['If-None-Match' => '"a"']),
    '404 REVALIDATED page 1', 'an error has no conditions');
is_answer($c->get('/found'), '200 REVALIDATED page 1', 'with another status');

is_answer($c->get('/failed'), '502 MISS page 1', 'a page for a failure');
ok(stored(), 'stored');
is_answer($c->get('/failed'), '502 EXPIRED page 2', 'a page of now');
ok(stored(), 'stored');
is_answer($c->get('/failed'), '502 STALE page 2', 'a stale page');
is_answer($c->get('/failed'), '502 EXPIRED page 4', 'a page of now again');

done_testing();
