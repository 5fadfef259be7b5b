#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Whatever a field of a record in Redis is changed to, the client gets the
# upstream's answer and the record is replaced.  Fails if a value is
# believed without a check: a size that becomes an allocation, a header
# with a line break that becomes a header of the answer, a path that leads
# to another object.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Digest::MD5 qw/md5_hex/;

use QC::FakeS3;
use QC::Nginx;
use QC::Services qw/redis/;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $redis = redis();
my $s3 = QC::FakeS3->start(port => port('s3'));
my $up = QC::Upstream->start(port => port('up'), routes => {
    '/a'     => { body => 'rows' x 500, headers => ['X-Rows' => 500] },
    '/plain' => { body => 'rows' x 500, headers => ['X-Rows' => 500] },
    '/other' => { body => 'text' x 500, headers => ['X-Rows' => 500] },
});

$t->write_file_expand('nginx.conf', <<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        redis ${\$redis->url};
        redis_backoff 10ms 10ms;
        s3    http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            query_cache       z;
            query_cache_valid 10m;
            add_header        X-Status \$query_cache_status;
            add_header        X-Key \$query_cache_key;
            proxy_pass        http://127.0.0.1:%%PORT_up%%;
        }

        location /plain {
            query_cache          z;
            query_cache_valid    10m;
            query_cache_compress none;
            add_header           X-Status \$query_cache_status;
            add_header           X-Key \$query_cache_key;
            proxy_pass           http://127.0.0.1:%%PORT_up%%;
        }

        location = /stats {
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

my %key = map { $_ => 'qc:' . $t->get($_)->header('X-Key') }
    qw{/a /plain /other};
my $stored = $t->wait_stats('/stats', 'store', 'stored', 3);

my @numbers = ('', 'x', '-1', '99999999999999999999999');
my @more = ('+1', ' 1', '1 ', '1e3', '0x10', '007x', '1.5', 'nan', 'inf',
    '18446744073709551616');
my $hex = 'ab' x 15;

my @mutations = (
    (map { my $field = $_; map { [$field, $_] } @numbers }
        qw/v status created_at ttl started size_bytes stored cost stale/),
    (map { [size_bytes => $_], [started => $_] } @more),
    [v => 0], [v => 2], [status => 0], [status => 199], [status => 600],
    [created_at => '253402300800'], [ttl => '253402300799'],
    [stale => 1], [started => '253402300799001'],
    (map { [size_bytes => $_], [stored => $_] } 0, 1999, 2001, '1' . '0' x 9,
        '1099511627776', '1099511627777', '9223372036854775807',
        '18446744073709551615'),
    [compression => ''], [compression => 'none'], [compression => 'gzip'],
    [compression => 'br'], [compression => 'ZSTD'],
    (map { [s3_path => $_] } '', '1', '../../../etc/passwd', "1/ab/$hex/x",
        "2/ab/$hex", "1/ab/$hex", "1/AB/$hex", "1/ab/\r\n$hex", "1/ab/${hex}00",
        "1/zz/$hex", '/' x 35, $redis->cli('HGET', $key{'/other'}, 's3_path')),
    (map { [sum => $_] } '', '00', 'g' x 32, '0' x 33, '0' x 64),
    [namespace => 'x' x 256],
    (map { [headers => $_] } "X-Evil: 1\r\n\r\nbody", "X-Evil: 1\n",
        "X-Evil: 1\r\nNo colon\r\n", "X-Evil: a\rb\r\n", "X-Evil: a\nb\r\n",
        "X-Evil\r\n", ": X-Evil\r\n", "X-Evil : 1\r\n", " X-Evil: 1\r\n",
        "X-Evil: 1\r\n X-Evil: 2\r\n", 'X-Evil: 1', "X-Evil: a\x01b\r\n",
        "\r\n", "X-Evil: \x7f\r\n", 'X-Evil: ' . 'x' x 3100 . "\r\n",
        'X-Evil: ' . 'x' x 100_000 . "\r\n"),
    (map { [tags => $_] } ' ', 'table', 'table:a ', "t:a\r\nX-Evil: 1\r\n",
        "t:\xc3\xa9", 't:' . 'x' x 1023),
);

# without a coding there is a sum, and no frame that knows its size

my @plain = ([sum => '0' x 32], [compression => 'zstd'],
    [compression => 'gzip'], [size_bytes => 1999], [stored => 1999],
    [s3_path => $redis->cli('HGET', $key{'/a'}, 's3_path')]);

sub mutate {
    my ($uri, $field, $value) = @_;

    my $shown = length $value > 40 ? substr($value, 0, 20) . '...' : $value;
    my $name = "$uri $field=" . $shown =~ s/[^ -~]/?/gr;

    $stored = $t->stats('/stats', 'store', 'stored');
    $redis->cli('HSET', $key{$uri}, $field, $value);

    my $r = $t->get($uri);
    my $said = join ' ', $r->status, $r->header('X-Status') // '',
        $r->header('X-Evil') // '-', $r->header('X-Rows'), $r->error;
    is($said, '200 MISS - 500 ', "$name: a miss");
    is($r->body_md5, md5_hex('rows' x 500), "$name: the answer");

    ok($t->wait_stats('/stats', 'store', 'stored', ++$stored),
        "$name: replaced");
    is($t->get($uri)->header('X-Status'), 'HIT', "$name: then a hit");
}

mutate('/a', @$_) for @mutations;
mutate('/plain', @$_) for @plain;

is($t->get('/other')->body, 'text' x 500, 'another entry is as it was');

$redis->cli('HSET', $key{'/other'}, 'namespace', 'n' x 255, 'tags',
    't:' . 'x' x 1022, 'headers', 'X-Rows: 500' . ' ' x 2000 . "\r\n");
my $r = $t->get('/other');
is(join(' ', $r->header('X-Status'), $r->header('X-Rows'), $r->error),
    'HIT 500 ', 'the longest strings: a hit');

$stored = $t->stats('/stats', 'store', 'stored');
is($redis->cli('EVAL', "return redis.call('HSET', KEYS[1], 'headers',"
    . " 'X-Evil: a' .. string.char(0) .. 'b' .. string.char(13, 10))", 1,
    $key{'/a'}), 0, 'a zero byte');
is($t->get('/a')->header('X-Evil'), undef, 'zero byte: a miss');
ok($t->wait_stats('/stats', 'store', 'stored', ++$stored), 'replaced');

$redis->cli('DEL', $key{'/a'});
$redis->cli('HSET', $key{'/a'}, map { $_ => 1 } 1 .. 1000);
is($t->get('/a')->header('X-Status'), 'MISS', 'a thousand fields');
ok($t->wait_stats('/stats', 'store', 'stored', ++$stored), 'replaced');

is(scalar $t->error_log(qr/does not hold a valid record/), 1, 'logged once');

done_testing();
