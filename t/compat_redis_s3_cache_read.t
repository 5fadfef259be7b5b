#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# What redis-s3-cache has stored is a hit: in each of its codings, whole and
# in ranges, until its time is over.  What it has stored in another format,
# what is damaged, and what is not what its hash says, is the upstream's
# answer, and nobody's entry is deleted for it.
#
# The library is not in Debian: where it is not installed, what stands for it
# follows the description of its formats (t/lib/redis-s3-cache.py).

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON::PP ();

use QC::Nginx;
use QC::S3Cache;
use QC::Services qw/redis rgw/;
use QC::Upstream;

time_limit(300);

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);
my ($redis, $s3) = (redis(), rgw());
my $py = QC::S3Cache->new(redis => $redis, s3 => $s3);
my $json = JSON::PP->new->canonical;

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => { body => '{"from":"upstream"}',
        headers => ['Content-Type' => 'application/json'] },
});

$t->write_file_expand('nginx.conf', <<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        layout redis-s3-cache;
        redis @{[$redis->url]};
        s3 @{[$s3->endpoint]} bucket=@{[$s3->bucket]} prefix=query-cache
           access_key=@{[$s3->access]} secret_key=@{[$s3->secret]};
        hold 256k;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            query_cache z;
            query_cache_methods GET HEAD POST;
            query_cache_valid 200 10m;
            add_header X-Cache \$query_cache_status always;
            add_header X-Reason \$query_cache_reason always;
            add_header X-Key \$query_cache_key always;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /stats {
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

diag('redis-s3-cache is not installed: its formats are followed instead')
    if $py->which eq 'Entries';

# the call of a name: query and keyword arguments, as a URI and as a key

sub uri_of {
    my ($name, %kwargs) = @_;

    return join '&', "/?query=SELECT+'$name'",
        map { "$_=$kwargs{$_}" } sort keys %kwargs;
}

sub key_of {
    my ($name, %kwargs) = @_;

    return $py->key("SELECT\n'$name'", [], { %kwargs }, undef);
}

# of HEAD nothing is stored, so that one can look at what is there

sub look { return status_of($t->head(uri_of(@_))) }

sub status_of {
    my ($r) = @_;

    return join ' ', $r->header('X-Cache'), $r->header('X-Reason') // '-';
}

my @rows = map { { id => $_, name => "caf\x{e9} \x{1f600} $_" } } 1 .. 500;

for my $coding (qw/zstd gzip none/) {
    my $uri = uri_of($coding, limit => 10);
    my $key = key_of($coding, limit => '10');

    is(status_of($t->head($uri)), 'MISS absent', "$coding: a miss");
    is($t->head($uri)->header('X-Key'), $key, "$coding: the key");

    $py->put($key, \@rows, 60, 'team', $coding);

    my $r = $t->get($uri);
    is(status_of($r), 'HIT -', "$coding: a hit");
    is($r->status, 200, "$coding: status");
    is($r->header('Content-Type'), 'application/json', "$coding: type");
    is($r->header('Content-Length'), $r->body_length, "$coding: length");
    is_deeply($json->decode($r->body), \@rows, "$coding: the rows");
    is_deeply($py->get($key), \@rows, "$coding: still there");

    my $head = $t->head($uri);
    is(status_of($head), 'HIT -', "$coding: HEAD");
    is($head->header('Content-Length'), $r->body_length, "$coding: its length");

    my $part = $t->get($uri, headers => [Range => 'bytes=10-19']);
    is($part->status, 206, "$coding: a range");
    is($part->body, substr($r->body, 10, 10), "$coding: its bytes");
}

is($up->count(qr/zstd/), 2, 'the upstream was asked before, and not since');

# a call with arguments of all kinds is a POST

my $call = '{"query":"SELECT  1","args":[10,null,"\u00e9"],'
    . '"kwargs":{"b":true,"a":-5}}';
$py->put($py->key('SELECT 1', [10, undef, "\x{e9}"],
    { a => -5, b => JSON::PP::true() }, undef), ['call'], 60, undef, 'zstd');
my $post = $t->post('/', $call, headers =>
    ['Content-Type' => 'application/json']);
is(status_of($post) . ' ' . $post->body, 'HIT - ["call"]', 'a call');

# the library has one key for two queries: neither has one here

for my $query (q{SELECT+'a++b'}, q{SELECT+1+--+c%0A%2B1}) {
    is(status_of($t->get("/?query=$query")), 'BYPASS key_error', $query);
}

# values of all kinds are answers

for my $value ([], {}, 'text', 0, JSON::PP::true(), undef) {
    my $name = JSON::PP->new->allow_nonref->encode($value);
    my $key = key_of('value', a => $name);

    $py->put($key, $value, 60, undef, 'zstd');
    my $r = $t->get(uri_of('value', a => $name =~ s/"/%22/gr));
    is(status_of($r) . " " . $r->body, "HIT - $name", "the value $name");
}

# what is too old

my $old = key_of('old');
$py->put($old, [1], 60, undef, 'zstd');
$redis->cli('HSET', "qc:$old", 'created_at', time() - 61);
is(look('old'), 'EXPIRED stale', 'too old');
$redis->cli('HSET', "qc:$old", 'created_at', time() - 50 . '.25');
is(look('old'), 'HIT -', 'with a fraction');

# over "hold"

my $big = key_of('big');
$py->put($big, ['x' x 300_000], 60, undef, 'zstd');
is(look('big'), 'MISS max_size', 'too big, decoded');
$py->put($big, ['x' x 300_000], 60, undef, 'none');
is(look('big'), 'MISS max_size', 'too big, stored');
is(length $py->get($big)->[0], 300_000, 'and still there');

# other formats are not read, nor written over

my $pickle = key_of('pickle');
$s3->put("query-cache/$pickle.pickle", "\x80\x05N.");
$redis->cli('HSET', "qc:$pickle", 's3_path', "$pickle.pickle", 'created_at',
    time(), 'ttl', 60, 'size_bytes', 4, 'compression', 'none', @$_)
    and is(status_of($t->get(uri_of('pickle'))), 'MISS not_json', "format @$_")
    for [], ['format', 'pickle'], ['format', 'parquet'], ['format', ''];
is($redis->cli('HGET', "qc:$pickle", 's3_path'), "$pickle.pickle",
    'the entry is still there');
is($s3->get("query-cache/$pickle.pickle"), "\x80\x05N.", 'and its object');
is($s3->head("query-cache/$pickle.json"), undef, 'beside no other');

# whatever is in the hash

my $key = key_of('hostile');
$py->put($key, [1, 2, 3], 60, undef, 'none');
my %good = %{$redis->hash_of("qc:$key")};
is(look('hostile'), 'HIT -', 'a good one');

my $other = 'f' x 64;
$s3->put("query-cache/$other.json", '[4, 5, 6]');

for my $case (
    [s3_path => "$other.json"], [s3_path => "../query-cache/$key.json"],
    [s3_path => ''], [s3_path => undef], [s3_path => "$key.json\r\nX: y"],
    [compression => 'lz4'], [compression => ''],
    [created_at => 'x'], [created_at => ''], [created_at => undef],
    [created_at => '-1'], [created_at => '1e400'],
    [created_at => '99999999999999999999'],
    [ttl => 'x'], [ttl => undef], [ttl => '-1'],
    [ttl => '18446744073709551615'],
    [size_bytes => 'x'], [size_bytes => undef], [size_bytes => '-1'],
    [size_bytes => '18446744073709551615'],
    [namespace => 'x' x 300],
) {
    my ($name, $value) = @$case;

    $redis->cli('DEL', "qc:$key");
    $redis->cli('HSET', "qc:$key", %good);
    $redis->cli(defined $value ? ('HSET', "qc:$key", $name, $value)
        : ('HDEL', "qc:$key", $name));

    is(look('hostile'), 'MISS bad_record',
        "$name " . ($value // 'missing'));
    is($redis->cli('EXISTS', "qc:$key"), 1, 'is left alone');
}

# hashes whose object is another: compression left out is zstd

for my $case ([compression => undef], [compression => 'zstd'],
    [compression => 'gzip'])
{
    my ($name, $value) = @$case;

    $redis->cli('DEL', "qc:$key");
    $redis->cli('HSET', "qc:$key", %good);
    $redis->cli(defined $value ? ('HSET', "qc:$key", $name, $value)
        : ('HDEL', "qc:$key", $name));

    is(look('hostile'), 'MISS corrupt',
        "$name " . ($value // 'missing'));
}

# whatever is in the object

sub object {
    my ($bytes, %more) = @_;

    $s3->put("query-cache/$key.json", $bytes);
    $redis->cli('DEL', "qc:$key");
    $redis->cli('HSET', "qc:$key", %good, size_bytes => length $bytes, %more);

    return look('hostile');
}

is(object('[1, 2, 3]'), 'HIT -', 'as it was');
is(object($_), 'MISS corrupt', "not JSON: $_")
    for '', '[1, 2', '[1, 2] 3', '{"a":NaN}', "[\"\xff\"]", '[1}', 'nothing',
        "\x28\xb5\x2f\xfd";
is(object('[' x 100_000), 'MISS max_size', 'nested too deep');
is(object('[1, 2, 3]', size_bytes => 8), 'MISS object_gone', 'not so long');
is(object('[1, 2, 3]', size_bytes => 10), 'MISS object_gone', 'longer');
is(object('[1, 2, 3]', size_bytes => 999_999), 'MISS max_size', 'far longer');

my $zstd = do {
    $py->put($key, \@rows, 60, undef, 'zstd');
    $s3->get("query-cache/$key.json");
};

is(object($zstd, compression => 'zstd'), 'HIT -', 'a frame');
is(object(substr($zstd, 0, -1), compression => 'zstd'), 'MISS corrupt',
    'cut off');
is(object("$zstd\0", compression => 'zstd'), 'MISS corrupt',
    'with something behind it');
is(object("$zstd$zstd", compression => 'zstd'), 'MISS corrupt', 'twice');

# a bomb: 100 MB of spaces in a few KB

my $bomb = do {
    open my $pipe, '-|', 'head -c 100000000 /dev/zero | tr "\0" " " | zstd -c'
        or die "zstd: $!";
    local $/;
    <$pipe>;
};
is(object($bomb, compression => 'zstd'), 'MISS max_size', 'a bomb');

# an object that is gone

$s3->delete("query-cache/$key.json");
is(look('hostile'), 'MISS object_gone', 'gone');
is($redis->cli('EXISTS', "qc:$key"), 1, 'its entry is left alone');

# the lock of the library is no entry

$redis->cli('SET', "qc:lock:$key", 1);
is(status_of($t->get(uri_of('hostile'))), 'MISS object_gone', 'while it is locked');
ok($t->wait_stats('/stats', 'store', 'stored', 1), 'stored');
is($redis->cli('GET', "qc:lock:$key"), 1, 'the lock is left alone');

my $stats = $t->stats('/stats');
is($stats->{s3}{delete} + $stats->{store}{dropped}, 0, 'nothing was deleted');
is($stats->{s3}{down}, 0, 'S3 was never set aside');

done_testing();
