#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# The layout of a zone: what can be said, and what it needs.  Fails if a
# zone could be in the layout of a library that could not find its entries.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Conf qw/refused zone/;
use QC::Nginx;

my $t = QC::Nginx->new->has(qw/http query_cache/);
my $dir = $t->testdir;

my $disk = "disk $dir/disk;";
my $redis = 'redis redis://127.0.0.1;';
my $s3 = 's3 http://127.0.0.1 bucket=b access_key=a secret_key=s;';
my $other = 'layout redis-s3-cache;';
my $needs = qr/query_cache_zone "z" has "layout redis-s3-cache" without /
    . qr/"redis" and "s3", where these entries are; add both/;

refused($t, 'no secret here',
    [zone("$disk layout;"), qr/"layout" directive has an invalid number/],
    [zone("$disk layout a b;"), qr/"layout" directive has an invalid number/],
    [zone("$disk layout Native;"), qr/invalid layout "Native"; it must be /
        . qr/"native" or "redis-s3-cache"/],
    [zone("$disk layout native; layout native;"),
        qr/"layout" directive is duplicate/],
    [zone("$redis $s3 layout native; $other"),
        qr/"layout" directive is duplicate/],
    [zone("$disk $other"), $needs],
    [zone("$s3 $other"), $needs],
    [zone("$s3 $disk $other"), $needs],
    [zone($other), qr/has no body store/],
    [zone("$redis $other"), qr/has no body store/],
);

for my $block ("$disk layout native;", "$s3 layout native;",
    "$redis $s3 layout native;", "$redis $s3 $other", "$other $s3 $redis",
    "$redis $s3 $disk $other")
{
    my ($ok, $said) = QC::Conf::check($t, zone($block));
    ok($ok, $block) or diag($said);
}

done_testing();
