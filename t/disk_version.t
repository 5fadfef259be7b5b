#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# A file of another version of the format, in itself whole, is a miss: when
# it is read and when it is found after a start.  Fails if only the checksum
# of the header is looked at.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Compress::Raw::Zlib qw/crc32/;

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
        disk $dir;
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

sub get { return $t->get("/$_[0]")->header('X-Status') }

# version and flags are 16 bits at 4 and 6, the header's length is at 8; its
# last four bytes are the CRC of those before, a record's first byte is its
# version

sub change {
    my ($at, $bytes) = @_;

    for my $file (glob "$dir/1/*/*") {
        my $data = slurp($file);
        my $length = unpack 'x8 V', $data;

        is(unpack('V', substr $data, $length - 4, 4),
            crc32(substr $data, 0, $length - 4), 'the CRC is known');

        substr($data, $at, length $bytes) = $bytes;
        substr($data, $length - 4, 4)
            = pack 'V', crc32(substr $data, 0, $length - 4);
        spew($file, $data);
    }
}

my %changes = (version => [4, "\2\0"], 'no version' => [4, "\0\0"],
    flags => [6, "\1\0"], record => [56, "\2"]);

for my $name (sort keys %changes) {
    (my $uri = $name) =~ tr/ /_/;
    $t->quit;
    unlink glob "$dir/1/*/*";
    $t->run;

    is(get($uri), 'MISS', "$name: a miss");
    ok($t->wait_stats('/stats', 'store', 'stored', 1), "$name: stored");
    is(get($uri), 'HIT', "$name: a hit");

    change(4, "\1\0");
    is(get($uri), 'HIT', "$name: still one, with the same bytes");

    change(@{$changes{$name}});
    is(get($uri), 'MISS', "$name: another version is a miss");
    ok($t->wait_stats('/stats', 'store', 'stored', 2), "$name: filled again");
    is(get($uri), 'HIT', "$name: a hit again");

    change(@{$changes{$name}});
    my $mark = $t->log_mark;
    $t->quit;
    $t->run;
    ok($t->wait_log(qr/: 0 files, 0 bytes found/, 5, $mark),
        "$name: not found after a start");
    is($t->stats('/stats', 'disk', 'invalid'), 1, "$name: counted");
    is(get($uri), 'MISS', "$name: a miss");
}

done_testing();
