#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# A start cleans up: temporary files older than an hour and files that are
# no valid objects are deleted, with one line in the log; younger temporary
# files, which another nginx may be writing, and everything that does not
# have a name of ours stay.  Fails if a foreign file is deleted.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use File::Path qw/make_path/;

use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);
my $dir = $t->testdir . '/disk';

my $up = QC::Upstream->start(port => port('up'),
    routes => { '/*' => { body => 'rows' } });

$t->write_file_expand('nginx.conf', <<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        disk $dir/;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            query_cache       z;
            query_cache_valid 10m;
            add_header        X-Status \$query_cache_status;
            proxy_pass        http://127.0.0.1:%%PORT_up%%;
        }

        location = /stats {
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

$t->get("/$_") for 1 .. 3;
ok($t->wait_stats('/stats', 'store', 'stored', 3), 'stored');
my @objects = glob "$dir/1/*/*";
is(scalar @objects, 3, 'three files');

ok($t->quit, 'quit');

my $hex = '0123456789abcdef' x 2;
my $old = time() - 3700;
my $valid = slurp($objects[0]);

my (@gone, @stay);

sub make {
    my ($list, $name, $bytes, $time) = @_;

    make_path($1) if "$dir/$name" =~ m{(.*)/};
    spew("$dir/$name", $bytes);
    utime $time, $time, "$dir/$name" if $time;
    push @$list, "$dir/$name";
}

make(\@gone, "tmp/$hex", 'x', $old);
make(\@stay, "tmp/" . reverse($hex), 'x', time() - 3000);
make(\@stay, 'tmp/readme', 'x', $old);
make(\@stay, "tmp/$hex.bak", 'x', $old);
mkdir $_, push @stay, $_ for "$dir/tmp/" . 'ab' x 16;
utime $old, $old, $stay[-1];

make(\@gone, '1/00/' . 'a' x 30, '');
make(\@gone, '1/01/' . 'a' x 30, 'garbage' x 100);
make(\@gone, '1/02/' . 'a' x 30, $valid);              # another's name
make(\@gone, '1/ff/' . 'a' x 30, substr $valid, 0, -1);
make(\@stay, '1/00/' . 'A' x 30, '');
make(\@stay, '1/00/' . 'a' x 29, '');
make(\@stay, '1/00/.hidden', '');
make(\@stay, '1/other/' . 'a' x 30, '');
make(\@stay, '2/00/' . 'a' x 30, '');
make(\@stay, 'readme', '');

$t->run;
ok(wait_until(sub { 2 == (my @l = $t->error_log(qr/bytes found in/)) }),
    'walked');

is_deeply([grep { -e } @gone], [], 'what is of no use is gone');
is_deeply([grep { !-e } @stay, @objects], [], 'all else stays');

is($t->stats('/stats', 'disk', 'loaded'), 3, 'the others are indexed');
is($t->stats('/stats', 'disk', 'invalid'), 4, 'invalid ones counted');
is(scalar $t->error_log(qr/is no valid object/), 1, 'logged once');
is($t->get("/$_")->header('X-Status'), 'HIT', "$_: a hit") for 1 .. 3;

done_testing();
