#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# gzip compresses hits for the clients that want it, and only for them: what
# is stored is plain, whoever asked first.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use IO::Uncompress::Gunzip qw/gunzip/;

use QC::Combine;
use QC::Body;

my @accept = (headers => ['Accept-Encoding' => 'gzip']);

my $c = QC::Combine->new(has => ['gzip'], routes => {
    '/*' => { size => 300_000, headers => [ETag => '"1"'] },
}, server => <<'EOF');
        location / {
            gzip on;
            gzip_types *;
            gzip_vary on;
            proxy_set_header Accept-Encoding "";
            proxy_pass http://%%UP%%;
        }
EOF

my $plain = QC::Body->new(size => 300_000)->bytes;

sub packed {
    my ($name, $r) = @_;

    is($r->header('Content-Encoding'), 'gzip', "$name: compressed");
    is($r->header('ETag'), 'W/"1"', "$name: a weak tag");
    is($r->header('Vary'), 'Accept-Encoding', "$name: said so");

    my $out;
    gunzip(\$r->body, \$out);
    ok($out eq $plain, "$name: the body");
}

$c->each_zone(sub {
    packed('a miss', $c->miss('/a', @accept));

    my $r = $c->ask('GET', '/a', @accept);
    is($r->header('X-Cache'), 'HIT', 'a hit');
    packed('a hit', $r);

    $r = $c->ask('GET', '/a');
    is($r->header('X-Cache'), 'HIT', 'a hit, not compressed');
    is($r->header('Content-Encoding'), undef, 'nor said to be');
    is($r->header('ETag'), '"1"', 'its tag is strong');
    ok($r->body eq $plain, 'the body');

    my $reads = $c->reads;
    $r = $c->ask('GET', '/a', headers => ['Accept-Encoding' => 'gzip',
        'If-None-Match' => 'W/"1"']);
    is($r->status, 304, 'the weak tag is known');
    is($c->reads, $reads, 'without the body');

    ok($c->miss('/b')->body eq $plain, 'plain first');
    packed('then compressed', $c->ask('GET', '/b', @accept));
});

$c->done;
