#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Every mistake in a query_cache_zone block makes "nginx -t" fail with a
# sentence that says what is wrong and where.  Fails if a bad value is taken
# for another, if a directive can be given twice, or if a wait can be
# without an end.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Conf qw/refused zone/;
use QC::Nginx;

my $t = QC::Nginx->new->has(qw/http query_cache limit_req/);
my $dir = $t->testdir;
my $disk = "disk $dir/disk;";

my @times = qw/redis_timeout s3_connect_timeout s3_send_timeout
    s3_read_timeout hold_timeout store_timeout/;
my @sizes = qw/memory hold store_memory store_temp_size/;
my @counts = qw/redis_queue s3_keepalive s3_max_fails store_concurrency
    store_queue/;
my @numbers = qw/store_retries marks locks uses fill_concurrency/;
my @pairs = qw/redis_backoff s3_backoff/;
my @backends = qw/redis s3 disk/;

# each of these directives with each of these values

sub each_of {
    my ($names, $values, $says) = @_;

    return map { my $name = $_;
        map { [zone("$disk $name " . s/NAME/$name/r . ';'),
            qr/"$name" directive (?:$says)/] } @$values } @$names;
}

refused($t, 'no secret here',

    # the block

    ['query_cache_zone;', qr/directive "query_cache_zone" has no opening/],
    ['query_cache_zone z;', qr/has no opening "\{"/],
    ["query_cache_zone { $disk }", qr/invalid number of arguments/],
    ["query_cache_zone a b { $disk }", qr/invalid number of arguments/],
    ["query_cache_zone off { $disk }", qr/must not be named "off"/],
    [zone(), qr/query_cache_zone "z" has no body store; add "disk PATH;" or /
        . qr/"s3 URL bucket=NAME;"/],
    [zone('memory 1m;'), qr/has no body store/],
    [zone('redis redis://127.0.0.1;'), qr/has no body store/],
    [zone("redis redis://127.0.0.1; $disk"),
     qr/has "redis" without "s3": other machines cannot read bodies/],
    [zone($disk) . zone("disk $dir/other;"),
     qr/duplicate query cache zone "z"/],
    ["limit_req_zone \$uri zone=z:1m rate=1r/s;" . zone($disk),
     qr/shared memory zone "z" is already declared for a different use/],
    [zone("$disk nonsense 1;"),
     qr/unknown directive "nonsense" in query_cache_zone/],
    [zone("$disk server { }"), qr/unexpected "\{"|unknown directive/],
    ["query_cache_zone z { $disk", qr/unexpected "\{"/],
    ['server { ' . zone($disk) . ' }', qr/is not allowed here/],

    # its directives

    each_of(\@times, [qw/x -1 10x 1m1y/], qr/invalid value/),
    each_of(\@times, [0], qr/must not be 0; every wait needs an end/),
    each_of(\@sizes, [qw/x -1 1q/], qr/invalid value/),
    (map { [zone("memory $_; $disk"),
        qr/query_cache_zone "z" has less "memory" than 8 pages/] } 0, '4k'),
    (map { [zone("$_; $disk"),
        qr/query_cache_zone "z" has more "marks" than fit into an eighth/] }
        'memory 32k; marks 129', 'memory 1m; marks 4097',
        'marks 99999999999'),
    (map { [zone("$_; $disk"), qr/query_cache_zone "z" has more "locks" than /
        . qr/fit into an eighth of its "memory"; each takes 64 bytes/] }
        'memory 32k; locks 65', 'memory 1m; locks 2049', 'locks 99999999999'),
    (map { [zone("$_; $disk"), qr/query_cache_zone "z" has more "uses" than /
        . qr/fit into an eighth of its "memory"; each takes 24 bytes/] }
        'memory 64k; uses 342', 'memory 1m; uses 5462', 'uses 99999999999'),
    (map { [zone("$_; $disk"), qr/query_cache_zone "z" has more /
        . qr/"invalidations" than fit into an eighth/] }
        'memory 32k; invalidations 161', 'memory 1m; invalidations 5457',
        'invalidations 99999999999'),
    (map { [zone("$disk invalidations $_;"),
        qr/value must be equal to or greater than 64/] } 0, 63),
    each_of(['invalidations'], [qw/x -1 64k/], qr/invalid number/),
    each_of(['invalidations'], ['64; NAME 65'], qr/is duplicate/),
    [zone("$disk fill_concurrency 65537;"),
     qr/value must be between 0 and 65536/],
    each_of([@counts, @numbers], [qw/x -1 1k/], qr/invalid number/),
    (map { [$_->[0], qr/value must be between 1 and 65536/] }
        each_of(\@counts, [0, 65537], '')),
    [zone("$disk store_retries 11;"), qr/value must be between 0 and 10/],
    each_of(\@pairs, ['0 1s', '2s 1s', 'x 1s', '1s x', '-1 1s'],
        qr/needs two times, the first not 0 and not over the second/),
    each_of(\@pairs, ['1s', '1s 2s 3s'], qr/has an invalid number of param/),

    # twice, and without a value

    each_of(\@times, ['1s; NAME 2s'], qr/is duplicate/),
    each_of(\@sizes, ['1m; NAME 2m'], qr/is duplicate/),
    each_of([@counts, @numbers], ['1; NAME 2'], qr/is duplicate/),
    each_of(\@pairs, ['1s 2s; NAME 1s 2s'], qr/is duplicate/),
    each_of([@times, @sizes, @counts, @numbers, @pairs, @backends],
        [''], qr/has an invalid number of parameters|needs a parameter/),
);

done_testing();
