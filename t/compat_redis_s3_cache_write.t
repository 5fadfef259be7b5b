#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# What nginx stores in the layout of redis-s3-cache is an entry of that
# library: it reads the same JSON, sorts it by age with its own, and takes no
# object for an orphan.  Answers it could not read are not stored.
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
use QC::Util qw/run_command/;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/)->has_daemon('zstd');
my ($redis, $s3) = (redis(), rgw());
my $py = QC::S3Cache->new(redis => $redis, s3 => $s3, prefix => 'team:',
    s3_prefix => 'deep/er');
my $json = JSON::PP->new->canonical->utf8;

my @rows = map { { id => $_, name => "caf\x{e9} \x{1f600} $_" } } 1 .. 5000;
my $text = $json->encode({ rows => \@rows });
my $type = 'application/json; charset=UTF-8';

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => { body => $text, headers => ['Content-Type' => $type,
        'ETag' => '"v1"', 'X-Rows' => 5000] },
    '/problem' => { body => '{}', headers => ['Content-Type' =>
        'application/vnd.api+json'] },
    '/missing' => { status => 404, body => '{}', headers => ['Content-Type' =>
        'application/json'] },
    '/csv' => { body => "1\n", headers => ['Content-Type' => 'text/csv'] },
    '/lines' => { body => "{}\n", headers => ['Content-Type' =>
        'application/x-ndjson'] },
    '/latin' => { body => '"x"', headers => ['Content-Type' =>
        'application/json; charset=iso-8859-1'] },
    '/none' => { body => '{}', headers => ['Content-Type' => ''] },
});

$t->write_file_expand('nginx.conf', <<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        layout redis-s3-cache;
        redis @{[$redis->url]} prefix=team:;
        s3 @{[$s3->endpoint]} bucket=@{[$s3->bucket]} prefix=deep/er
           access_key=@{[$s3->access]} secret_key=@{[$s3->secret]};
        hold 64k;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        query_cache z;
        query_cache_valid 10m;
        query_cache_namespace \$http_x_ns;
        add_header X-Cache \$query_cache_status always;
        add_header X-Reason \$query_cache_reason always;
        add_header X-Key \$query_cache_key always;

        location / {
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /gzip {
            query_cache_compress gzip;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /plain {
            query_cache_compress none;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /stats {
            query_cache off;
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

diag('redis-s3-cache is not installed: its formats are followed instead')
    if $py->which eq 'Entries';

my $stored = 0;

# a path is not part of a call, its query is; the namespace is in a header

sub uri_of { return "$_[0]?query=SELECT+" . substr $_[0], 1 }

for my $case (['/zstd', 'zstd', 'analytics'], ['/gzip', 'gzip'],
    ['/plain', 'none'], ['/problem', 'zstd'])
{
    my ($path, $coding, $ns) = @$case;
    my $uri = uri_of($path);
    my @ns = defined $ns ? (headers => ['X-Ns' => $ns]) : ();

    my $r = $t->get($uri, @ns);
    my $now = time();
    my $want = $json->decode($r->body);
    is($r->header('X-Cache'), 'MISS', "$uri: a miss");
    ok($t->wait_stats('/stats', 'store', 'stored', ++$stored), 'stored');

    my $key = $py->key('SELECT ' . substr($path, 1), [], {}, $ns);
    is($r->header('X-Key'), $key, "$uri: the key");
    is_deeply($py->get($key), $want, "$uri: the library reads it");

    my %hash = map { $_ => $redis->cli('HGET', "team:$key", $_) }
        split /\n/, $redis->cli('HKEYS', "team:$key");
    is($hash{s3_path}, "$key.json", "$uri: s3_path");
    is($hash{format}, 'json', "$uri: format");
    is($hash{compression}, $coding, "$uri: compression");
    like($hash{created_at}, qr/^\d+$/, "$uri: created_at");
    cmp_ok(abs($hash{created_at} - $now), '<=', 5, "$uri: is now");
    is($hash{ttl}, 600, "$uri: ttl");
    is($hash{namespace}, $ns, "$uri: namespace");
    like($redis->cli('TTL', "team:$key"), qr/^(?:600|59\d)$/,
        "$uri: it expires");

    my $name = "deep/er/$key.json";
    my $head = $s3->head($name);
    is($head->{ContentLength}, $hash{size_bytes}, "$uri: size_bytes");
    is($head->{ContentEncoding}, undef, "$uri: no encoding that undoes it");

    if ($coding eq 'zstd') {
        $t->write_file('frame', $s3->get($name));
        my $list = run_command(['zstd', '-lv', $t->testdir . '/frame']);
        like($list->{out}, qr/Decompressed Size:.*\(${\$r->body_length} B\)/,
            "$uri: its length is in the frame");
    }

    my $hit = $t->get($uri, @ns);
    is($hit->header('X-Cache'), 'HIT', "$uri: a hit");
    is($hit->body_md5, $r->body_md5, "$uri: the same body");
    is($hit->header($_), $r->header($_), "$uri: $_")
        for qw/Content-Type ETag X-Rows/;

    my $not = $t->get($uri, headers => ['If-None-Match' => '"v1"',
        @ns ? @{$ns[1]} : ()]);
    is($not->status, $r->header('ETag') ? 304 : 200, "$uri: conditions");

    my $range = $t->get($uri, headers => [Range => 'bytes=1-1',
        @ns ? @{$ns[1]} : ()]);
    is($range->body, substr($r->body, 1, 1), "$uri: ranges");
}

my @analytics = (uri_of('/zstd'), headers => ['X-Ns' => 'analytics']);
my $key = $t->get(@analytics)->header('X-Key');
my %named = map { $_ => $redis->cli('HGET', "team:$key", $_) }
    qw/v status size bound headers object/;

is($named{v}, 1, 'ours: version');
is($named{status}, 200, 'ours: status');
is($named{size}, length $text, 'ours: size');
like($named{bound}, qr/^\d+ 600 \d+ zstd json$/, 'ours: bound');
like($named{headers}, qr/^ETag: "v1"\r$/m, 'ours: header fields');
is($s3->head("deep/er/$key.json")->{Metadata}{'qc-object'}, $named{object},
    'ours: the id of the object');

for my $case (['/missing', 'status'], ['/csv', 'not_json'],
    ['/lines', 'not_json'], ['/latin', 'not_json'], ['/none', 'not_json'])
{
    my ($path, $reason) = @$case;
    my $uri = uri_of($path);

    my $r = $t->get($uri);
    is($r->header('X-Reason'), $reason, "$uri: $reason");
    is($t->get($uri)->header('X-Cache'), 'MISS', "$uri: not stored");
}

my $created = $py->created;
is(keys %$created, $stored, 'the library knows the age of each');
is_deeply($py->orphans, [], 'and no object is an orphan to it');
is_deeply([grep { $redis->cli('TYPE', $_) ne 'hash' }
    split /\n/, $redis->cli('KEYS', 'team:*')], [],
    'nothing but hashes has its prefix');

# the library invalidates an entry, and nginx stores it again

$redis->cli('DEL', "team:$key");
$s3->delete("deep/er/$key.json");
is($t->get(@analytics)->header('X-Cache'), 'MISS', 'invalidated');
ok($t->wait_stats('/stats', 'store', 'stored', ++$stored), 'stored again');
is($t->get(@analytics)->header('X-Cache'), 'HIT', 'a hit again');

done_testing();
