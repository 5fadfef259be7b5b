#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Uses are counted by all workers together and survive a reload; where the
# table is off everything counts as used, and where it is small it forgets what
# was not used for longest.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Cost;
use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);
my @fresh = ('Cache-Control' => 'max-age=600');

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => { body => 'rows', headers => \@fresh },
});

sub conf {
    my ($zone) = @_;

    return costing(zone => $zone, '/' => 'query_cache_min_uses 3;')
        =~ s/events/worker_processes 2;\n\nevents/r =~ s/(?<=8080%%);/ reuseport;/r;
}

$t->write_file_expand('nginx.conf', conf('uses 8;'));
$t->run;

sub use_of { return told($t->get($_[0])) }

is(use_of('/a'), 'MISS min_uses', "use $_") for 1, 2;
ok($t->reload, 'a reload');
stored($t, '/a');
is(use_of('/a'), 'HIT', 'use 3, and it is stored');

# eight others take all places

is(use_of('/b'), 'MISS min_uses', "another, use $_") for 1, 2;
use_of("/c$_") for 1 .. 8;
is(use_of('/b'), 'MISS min_uses', 'use 3 counts as the first');

# another number

$t->write_file_expand('nginx.conf', conf('uses 16;'));
ok($t->reload, 'more of them');
like($t->error_log, qr/"z" has 8 "uses" until nginx is restarted/,
    'have to wait');

$t->write_file_expand('nginx.conf', conf('uses 0;'));
ok($t->reload, 'off');
is(told(stored($t, '/d')), 'MISS absent', 'one use is enough');
is(use_of('/d'), 'HIT', 'then');

done_testing();
