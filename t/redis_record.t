#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# What is in Redis: a hash of readable fields that expires by itself and
# takes at most 400 bytes.  Fails if a field is renamed or made binary, if
# a key is left without a time to live, or if the record grows.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::FakeS3;
use QC::Nginx;
use QC::Services qw/redis/;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $redis = redis();
my $s3 = QC::FakeS3->start(port => port('s3'));
my $up = QC::Upstream->start(port => port('up'), routes => {
    '/a' => { size => 5_000_000,
        headers => ['Content-Type' => 'application/json'] },
    '/b' => { size => 3000, headers => ['Content-Type' => 'text/csv',
        'ETag' => '"d41d8cd98f00b204"', 'X-Rows' => 1000] },
});

$t->write_file_expand('nginx.conf', <<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        redis ${\$redis->url};
        s3    http://127.0.0.1:%%PORT_s3%% bucket=b prefix=p
              access_key=a secret_key=s;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            query_cache           z;
            query_cache_valid     200 10m;
            query_cache_namespace \$arg_ns;
            add_header            X-Key \$query_cache_key;
            proxy_pass            http://127.0.0.1:%%PORT_up%%;
        }

        location = /stats {
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

my $now = time();
my $key = 'qc:' . $t->get('/a?ns=analytics')->header('X-Key');
ok($t->wait_stats('/stats', 'store', 'stored', 1), 'stored');

is($redis->cli('KEYS', '*'), $key, 'one key, of the default prefix');
is($redis->cli('TYPE', $key), 'hash', 'a hash');

my %hash = split /\n/, $redis->cli('HGETALL', $key);
my $object = $hash{s3_path};

like(delete $hash{s3_path}, qr{^1/[0-9a-f]{2}/[0-9a-f]{30}$}, 's3_path');
cmp_ok(abs(delete($hash{created_at}) - $now), '<=', 5, 'created_at');
cmp_ok(abs(delete($hash{started}) / 1000 - $now), '<=', 5, 'started, ms');
is(delete $hash{stored}, length $s3->object("/b/p/$object")->{body},
    'stored: bytes of the object');
like(delete $hash{cost} // 0, qr/^\d+$/, 'cost');
is(delete $hash{headers}, "Content-Type: application/json\r", 'headers');
is_deeply(\%hash, { v => 1, status => 200, ttl => 600,
    size_bytes => 5_000_000, compression => 'zstd',
    namespace => 'analytics' }, 'the others') or diag(explain(\%hash));

my $ttl = $redis->cli('TTL', $key);
cmp_ok($ttl, '>', 590, 'expires');
cmp_ok($ttl, '<=', 600, 'in time');

my %keys = ('/a' => $key, '/b' => 'qc:' . $t->get('/b')->header('X-Key'));
ok($t->wait_stats('/stats', 'store', 'stored', 2), 'stored');

for my $uri (sort keys %keys) {
    cmp_ok($redis->cli('MEMORY', 'USAGE', $keys{$uri}), '<=', 400,
        "$uri: memory of an entry");
    is($redis->cli('OBJECT', 'ENCODING', $keys{$uri}), 'listpack',
        "$uri: compact");
}

like($redis->cli('HGET', $keys{'/b'}, 'headers'),
    qr/^ETag: "d41d8cd98f00b204"\r\nX-Rows: 1000\r$/m, 'fields as they were');

done_testing();
