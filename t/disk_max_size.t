#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# The folder stays below max_size: what was not used for longest goes first,
# a hit counts as use, also across a restart, and a body that could never
# fit is not stored.  Fails if a hit does not move a file to the front, or
# if sizes are added up wrong.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);
my $dir = $t->testdir . '/disk';

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/huge' => { size => 220_000 },
    '/*'    => sub { return { body => substr "$_[0]{path} " x 9000, 0,
        18_000 } },
});

# ten files of five blocks

$t->write_file_expand('nginx.conf', <<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        disk $dir max_size=200k;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            query_cache          z;
            query_cache_valid    10m;
            query_cache_compress none;
            add_header           X-Status \$query_cache_status;
            proxy_pass           http://127.0.0.1:%%PORT_up%%;
        }

        location = /stats {
            query_cache_admin z;
        }
    }
}

EOF

$t->run;
ok($t->wait_log(qr/0 files, 0 bytes found/), 'an empty folder');

my $stored = 0;

sub get { return $t->get("/$_[0]")->header('X-Status') }

sub fill {
    for my $n (@_) {
        is(get($n), 'MISS', "$n: a miss");
        ok($t->wait_stats('/stats', 'store', 'stored', ++$stored),
            "$n: stored");
    }
}

# a request would be a use

sub on_disk {
    my @files = map { slurp($_) =~ m{/(\d+) /} } glob "$dir/1/*/*";

    return join ' ', sort { $a <=> $b } @files;
}

fill(1 .. 10);
is(on_disk(), '1 2 3 4 5 6 7 8 9 10', 'ten files');
is($t->stats('/stats', 'disk', 'evicted'), 0, 'nothing was evicted');
is($t->stats('/stats', 'disk', 'bytes'), 10 * 20480, 'in whole blocks');

is(get($_), 'HIT', "$_: used") for 2, 1;
fill(11 .. 13);
is(on_disk(), '1 2 6 7 8 9 10 11 12 13', 'the oldest are gone');
is($t->stats('/stats', 'disk', 'evicted'), 3, 'counted');
is($t->stats('/stats', 'disk', 'files'), 10, 'files');
is($t->stats('/stats', 'disk', 'bytes'), 10 * 20480, 'bytes');

is(get('huge'), 'MISS', 'too big for the folder: a miss');
ok($t->wait_stats('/stats', 'disk', 'full', 1), 'not written');
is(on_disk(), '1 2 6 7 8 9 10 11 12 13', 'nothing went for it');

# access times are what a new start has: an hour apart, /6 the last used

my %age = map { my ($n) = slurp($_) =~ m{/(\d+) /}; ($n => $_) }
    glob "$dir/1/*/*";
my @order = (7 .. 13, 1, 2, 6);
my $now = time();

for my $i (0 .. $#order) {
    utime $now - 2 ** (20 - $i), $now - 2 ** 21, $age{$order[$i]};
}

ok($t->quit, 'quit');
$t->run;
ok($t->wait_stats('/stats', 'disk', 'loaded', 10), 'indexed again');
$stored = 0;
fill(14 .. 18);
is(on_disk(), '1 2 6 12 13 14 15 16 17 18', 'the oldest access goes first');

# a smaller limit is kept by the manager, without a request

my $conf = slurp($t->testdir . '/nginx.conf');
$conf =~ s/max_size=200k/max_size=80k/;
$t->write_file('nginx.conf', $conf);
ok($t->reload, 'a smaller folder');
ok(wait_until(sub { $t->stats('/stats', 'disk', 'files') == 4 }),
    'the manager makes it so');
is(on_disk(), '15 16 17 18', 'by use');

done_testing();
