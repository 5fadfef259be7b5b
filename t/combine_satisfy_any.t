#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# With "satisfy any" a lookup neither grants nor denies access: a password,
# or an address, still decides.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use MIME::Base64 qw/encode_base64/;

use QC::Combine;

my $c = QC::Combine->new(has => ['auth_basic', 'realip'], no_run => 1,
    routes => { '/a' => { size => 50_000 } }, server => <<'EOF');
        set_real_ip_from 127.0.0.1;
        real_ip_header X-Real-IP;

        satisfy any;
        allow 10.0.0.0/8;
        deny all;
        auth_basic closed;
        auth_basic_user_file %%TESTDIR%%/users;

        location / {
            query_cache_key authorization=;
            proxy_pass http://%%UP%%;
        }
EOF

$c->t->write_file('users', "ann:{PLAIN}a\n");
$c->t->run;

my @address = (headers => ['X-Real-IP' => '10.1.1.1']);
my @other = (headers => ['X-Real-IP' => '11.1.1.1']);
my @password = (headers => [Authorization => 'Basic '
    . encode_base64('ann:a', '')]);

$c->each_zone(sub {
    is($c->ask('GET', '/a')->status, 401, 'neither, no entry');

    $c->miss('/a', @address);
    $c->hit('/a', @address);
    $c->hit('/a', @password);

    my $reads = $c->reads;
    my $r = $c->ask('GET', '/a', @other);
    is($r->status, 401, 'neither, an entry');
    unlike($r->body, qr/"block"/, 'no body');
    is($c->reads, $reads, 'the body was not read');
    is($c->up->count, 1, 'one request');
});

$c->done;
