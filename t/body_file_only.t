#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# client_body_in_file_only, client_body_in_single_buffer and
# proxy_request_buffering off go with the cache: the same body, whatever
# nginx does with it, is one key, and what the upstream and $request_body
# see is right.  The key's own reading of the body must leave no trace.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Digest::MD5 qw/md5_hex/;

use QC::Body;
use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => sub {
        return { body => join ' ', $_[0]{md5}, $_[0]{length},
            length($_[0]{headers}{'x-body'} // '') };
    },
});

my $pass = 'proxy_pass http://127.0.0.1:%%PORT_up%%;';

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
    query_cache_methods POST;
    query_cache_valid 1h;
    client_body_buffer_size 16k;
    add_header X-Status \$query_cache_status;

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location /on {
            client_body_in_file_only on;
            $pass
        }

        location /clean {
            client_body_in_file_only clean;
            $pass
        }

        location /single {
            client_body_buffer_size 2m;
            client_body_in_single_buffer on;
            proxy_set_header X-Body \$request_body;
            $pass
        }

        location /unbuffered {
            proxy_request_buffering off;
            proxy_http_version 1.1;
            $pass
        }

        location /unbuffered10 {
            proxy_request_buffering off;
            $pass
        }

        location = /query_cache {
            query_cache off;
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

sub bodies_kept {
    return scalar(my @files = glob $t->testdir . '/client_body_temp/*');
}

my $stored = 0;

for my $size (0, 5, 3000, 200_000) {
    my $body = 'x' x $size;

    for my $where (qw/on clean single unbuffered unbuffered10/) {
        my $name = "$where, $size B";

        # a header is of a bounded size, and of no body there may be a file
        next if $where eq 'single' && $size > 3000
            || $where eq 'on' && $size == 0;

        my $want = join ' ', md5_hex($body), $size,
            $where eq 'single' ? $size : 0;

        my $r = $t->post("/$where", $body);
        is($r->header('X-Status') . ' ' . $r->body, "MISS $want",
            "$name: intact");
        ok($t->wait_stats('/query_cache', 'store', 'stored', ++$stored),
            "$name: stored");

        $r = $t->post("/$where", $body, chunked => 100);
        is($r->header('X-Status') . ' ' . $r->body, "HIT $want",
            "$name: a hit");
    }
}

# kept files are those of "on": of misses and hits
is(bodies_kept(), 6, 'files of client_body_in_file_only on, and no others');

done_testing();
