#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# nginx and redis-s3-cache write the same entry, each its object and then its
# hash, and any of the four writes can be the last one of its kind.  Whatever
# the order, an answer is served only with the record it belongs to; what
# does not belong together is a miss that heals, deletes nothing, and does
# not set S3 aside.
#
# The library is not in Debian: where it is not installed, what stands for it
# follows the description of its formats (t/lib/redis-s3-cache.py).

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Nginx;
use QC::S3Cache;
use QC::Services qw/redis rgw/;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);
my ($redis, $s3) = (redis(), rgw());
my $py = QC::S3Cache->new(redis => $redis, s3 => $s3);

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => { body => '["nginx"]', headers => ['ETag' => '"n"',
        'Content-Type' => 'application/json', 'X-By' => 'nginx'] },
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
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            query_cache z;
            query_cache_valid 200 10m;
            query_cache_no_store \$http_x_look;
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

my $stored = 0;

sub uri_of { return "/?query=SELECT+$_[0]" }

# an entry is two halves, which can be taken and put back one by one

sub object {
    my ($key) = @_;

    return $s3->call('get_object', Key => "query-cache/$key.json");
}

sub put_object {
    my ($key, $object) = @_;

    $s3->put("query-cache/$key.json", $object->{Body},
        Metadata => $object->{Metadata} // {});
}

# as the library does: what is not in its hash stays

sub put_fields {
    my ($key, $fields) = @_;

    $redis->cli('HSET', "qc:$key", %$fields);
}

sub fields {
    my ($key, @names) = @_;

    return { map { $_ => $redis->cli('HGET', "qc:$key", $_) }
        @names ? @names : split /\n/, $redis->cli('HKEYS', "qc:$key") };
}

my @theirs = qw/s3_path created_at ttl size_bytes format compression/;

sub by_nginx {
    my ($uri) = @_;

    my $r = $t->get($uri);
    $t->wait_stats('/stats', 'store', 'stored', ++$stored)
        or diag("$uri: not stored");

    return $r->header('X-Key');
}

# what is served, without storing anything

sub says {
    my ($uri, $want, $name) = @_;

    my $gone = $t->stats('/stats')->{reason}{object_gone};
    my $r = $t->get($uri, headers => ['X-Look' => 1]);
    $gone = $t->stats('/stats')->{reason}{object_gone} - $gone;

    my $got = $r->header('X-Cache') eq 'HIT'
        ? 'HIT ' . $r->body . ' ' . ($r->header('X-By') // '-')
        : $r->header('X-Cache') . ($gone ? ' object_gone' : '');

    return is($got, $want, $name);
}

my $ours = 'HIT ["nginx"] nginx';
my $python = 'HIT ["python"] -';

# one after the other, whole

my $uri = uri_of('whole');
my $key = by_nginx($uri);
says($uri, $ours, 'nginx');
is_deeply($py->get($key), ['nginx'], 'read by python');

$py->put($key, ['python'], 60, undef, 'zstd');
is($redis->cli('HGET', "qc:$key", 'status'), 200, 'fields of ours stay');
says($uri, $python, 'python over nginx: nothing of ours is left in it');
is($t->get($uri)->header('ETag'), undef, 'no header field either');

$redis->cli('HSET', "qc:$key", 'created_at', time() - 61);
is($t->get($uri)->header('X-Cache'), 'EXPIRED', 'it expires');
ok($t->wait_stats('/stats', 'store', 'stored', ++$stored), 'stored');
says($uri, $ours, 'nginx over python');
is_deeply($py->get($key), ['nginx'], 'read by python');

# half and half

for my $coding (qw/zstd none/) {
    my ($a, $b, $c) = map { uri_of("$_-$coding") } qw/object hash both/;

    # nginx: object, hash; python: object

    my $key = by_nginx($a);
    my $fields = fields($key);
    $py->put($key, ['python'], 60, undef, $coding);
    my $written = fields($key, @theirs);
    my $bytes = $s3->get("query-cache/$key.json");
    put_fields($key, $fields);

    says($a, 'MISS object_gone', "$coding: our hash, their object");
    is_deeply(fields($key), $fields, 'the hash stays');
    is($s3->get("query-cache/$key.json"), $bytes, 'the object stays');

    # python: hash

    put_fields($key, $written);
    says($a, $python, "$coding: their hash follows");

    # nginx again: object, then hash

    put_fields($key, $fields);
    is($t->get($a)->header('X-Cache'), 'MISS', 'a miss heals');
    ok($t->wait_stats('/stats', 'store', 'stored', ++$stored), 'stored');
    says($a, $ours, "$coding: ours again");

    # nginx: object, hash; python: hash

    $key = by_nginx($b);
    $fields = fields($key);
    my $object = object($key);
    $py->put($key, ['python'], 60, undef, $coding);
    put_object($key, $object);

    says($b, 'MISS object_gone', "$coding: their hash, our object");
    is($redis->cli('HGET', "qc:$key", 'compression'), $coding,
        'the hash stays');
    is($s3->get("query-cache/$key.json"), $object->{Body},
        'the object stays');

    $redis->cli('HSET', "qc:$key", 'compression', 'zstd', 'size_bytes',
        length $object->{Body});
    says($b, 'MISS object_gone', "$coding: even of the same length");

    # nginx: hash

    put_fields($key, $fields);
    says($b, $ours, "$coding: our hash follows");

    # python in the same second, with the same numbers

    $key = by_nginx($c);
    $fields = fields($key);
    $py->put($key, ['python'], 60, undef, $coding);
    $s3->put("query-cache/$key.json", 'x' x $fields->{size_bytes});
    put_fields($key, $fields);
    says($c, 'MISS object_gone',
        "$coding: an object of their own under the same numbers");
}

# python, in another format, while nginx waits for the upstream

$uri = uri_of('late');
$key = $t->head($uri)->header('X-Key');
$up->set('/late' => { gate => 'g', body => '["late"]', headers =>
    ['Content-Type' => 'application/json'] });
my $client = $t->client;
$client->send_request('GET', '/late' . substr $uri, 1);
$up->wait_at('g');
put_fields($key, { s3_path => "$key.pickle", format => 'pickle' });
$up->release('g');
is($client->read_response->body, '["late"]', 'the answer');
ok($t->wait_stats('/stats', 'store', 'superseded', 1), 'not published');
is($redis->cli('HGET', "qc:$key", 'format'), 'pickle', 'a pickle stays');

# two of nginx: of another fill, with the same numbers

my $two = uri_of('two');
$key = by_nginx($two);
my ($first, $fields) = (object($key), fields($key));
$redis->cli('DEL', "qc:$key");
is(by_nginx($two), $key, 'stored again');
my $second = object($key);
put_object($key, $first);
says($two, 'MISS object_gone', 'the hash of the second, the object of the '
    . 'first');
put_fields($key, $fields);
says($two, $ours, 'the hash of the first, too');
put_object($key, $second);
says($two, 'MISS object_gone', 'the object of the second');

# two of python: of another length; and one that has outlived its time

$uri = uri_of('theirs');
$key = $t->head($uri)->header('X-Key');
$py->put($key, ['python'], 60, undef, 'none');
my $short = fields($key, @theirs);
$py->put($key, ['python', 'twice'], 60, undef, 'none');
put_fields($key, $short);
says($uri, 'MISS object_gone', 'a hash of another length');

$py->put($key, ['python'], 1, undef, 'none');
wait_until(sub {
    $redis->cli('HSET', "qc:$key", %$short, created_at => time(), ttl => 1);
    ($t->head($uri)->header('X-Reason') // '') eq 'object_gone';
}, 10);
$redis->cli('HSET', "qc:$key", %$short, created_at => time(), ttl => 1);
isnt($t->head($uri)->header('X-Cache'), 'HIT',
    'an object older than it may become');
$redis->cli('HSET', "qc:$key", %$short, created_at => time(), ttl => 60);
says($uri, $python, 'and not so old for another hash');

# none of it was a fault of S3, nor anything to delete

$t->get($two, headers => ['X-Look' => 1]) for 1 .. 20;
my $stats = $t->stats('/stats');
is($stats->{s3}{down}, 0, 'S3 was never set aside');
is($stats->{s3}{delete}, 0, 'no object was deleted');
is($stats->{store}{dropped}, 0, 'no entry was dropped');
cmp_ok($stats->{s3}{invalid}, '>', 20, 'each was counted');
like($t->error_log, qr/\[warn\] .* is not that of its record/, 'and logged');

done_testing();
