#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Two large request bodies that differ in one byte never share an entry,
# wherever the byte and wherever nginx keeps the body.  A key of a part of
# the body, of its length, or of the buffers without the file, would mix
# them up.

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
    '/*' => sub { return { body => $_[0]{md5} } },
});

$t->write_file_expand('nginx.conf', <<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    client_max_body_size 8m;

    query_cache_zone z {
        disk %%TESTDIR%%/store;
    }

    query_cache z;
    query_cache_methods POST;
    query_cache_valid 1h;
    add_header X-Status $query_cache_status;

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        client_body_buffer_size 2m;

        location / {
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /file {
            client_body_buffer_size 1k;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /both {
            client_body_buffer_size 64k;
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

my $size = 1 << 20;
my $body = QC::Body->new(size => $size, kind => 'random')->bytes;

sub changed {
    my ($at) = @_;

    my $copy = $body;
    substr($copy, $at, 1) ^= "\x01";

    return $copy;
}

my %bodies = (
    'first byte changed' => changed(0),
    'a byte changed' => changed($size / 2),
    'byte 65536 changed' => changed(65536),
    'last byte but one changed' => changed($size - 2),
    'last byte changed' => changed($size - 1),
    'last byte missing' => substr($body, 0, $size - 1),
    'nothing but the last byte' => substr($body, $size - 1),
    'nothing' => '',
);

my $stored = 0;

for my $where ('/memory', '/file', '/both') {
    $t->post($where, $body);
    ok($t->wait_stats('/query_cache', 'store', 'stored', ++$stored),
        "$where: stored");
    is($t->post($where, $body)->header('X-Status'), 'HIT', "$where: a hit");

    for my $name (sort keys %bodies) {
        my $r = $t->post($where, $bodies{$name});
        is($r->header('X-Status') . ' ' . $r->body,
            'MISS ' . md5_hex($bodies{$name}), "$where, $name: its own");

        ok($t->wait_stats('/query_cache', 'store', 'stored', ++$stored),
            "$where, $name: stored");
    }

    for my $name (sort keys %bodies) {
        my $r = $t->post($where, $bodies{$name}, chunked => 1000);
        is($r->header('X-Status') . ' ' . $r->body,
            'HIT ' . md5_hex($bodies{$name}), "$where, $name: its own hit");
    }
}

done_testing();
