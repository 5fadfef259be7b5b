#!/usr/bin/perl

# Mistakes in directives about upstream runs are refused, and the message
# says what to write.

use warnings;
use strict;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Conf qw/refused zone/;
use QC::Nginx;

my $t = QC::Nginx->new->has(qw/http query_cache/);
my $zone = zone('disk ' . $t->testdir . '/disk;');


# The name with each value

sub bad {
    my ($name, $says, @values) = @_;

    return map {
        ["$zone server { location / { query_cache_$name $_; } }", $says]
    } @values;
}


refused($t, 'no secret here',

    bad('valid', qr/invalid parameter "\S*"/, map { "auto $_" } qw/1m x 200
        factor= factor=0 factor=-1 factor=x factor=1001 factor=1.0001 min=
        min=x max= max=-1 min=0.5 Max=1s ""/),
    bad('valid', qr/has a "min" that is 0, or greater than "max"/,
        'auto min=0', 'auto min=2s max=1s', 'auto max=0', 'auto min=2h'),
    bad('valid', qr/is duplicate: "auto" was there before/,
        'auto; query_cache_valid auto factor=2'),

    (map { bad($_, qr/invalid number/, 'x', '-1', '1.5', '""') }
        qw/fill_concurrency min_uses/),
    bad('fill_concurrency', qr/value must be between 0 and 65535/,
        65536),
    bad('min_uses', qr/value must be between 1 and 65535/, 0),

    bad('abort', qr/invalid value "\S*"/, qw/on off both ""/),

    bad('cancel', qr/invalid URI "\S*", it must begin with "\/"/,
        qw/on @kill kill ""/),

    bad('fail_backoff', qr/invalid time "\S*"/, qw/0 x -1 1q 500ms
        0.5 ""/),
    bad('fail_backoff', qr/invalid parameter "\S*", it must be "max=time"/,
        '1s 2s', '1s max=', '2s max=1s', '1s max=x', '1s max=1500ms',
        '1s Max=2s'),

    bad('early', qr/invalid number "\S*", it must be 0 to 1000/,
        qw/x -1 1.0001 1000.001 1001 ""/),

    bad('refresh_ahead', qr/invalid value "\S*", it must be "off" or 1% to/,
        qw/80 0% 100% -1% % x% on ""/, 'off uses=2'),
    bad('refresh_ahead', qr/invalid parameter "\S*"/, '80% 2', '80% uses=',
        '80% uses=0', '80% uses=65536', '80% use=2'),

    (map { bad($_, qr/invalid value/, 'x', '-1', '1q', '""') }
        qw/min_cost stale_if_slow/),
);


done_testing();
