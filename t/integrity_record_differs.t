#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# A record that is valid but says something else than the object is (its
# length, stored or as served, its coding, its sum) never leads to a wrong
# answer that ends well, nor to one of another length than Content-Length.
# Trusting either side alone would break this.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Body;
use QC::FakeS3;
use QC::Nginx;
use QC::Services qw/redis/;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy ssi query_cache/);
my $s3 = QC::FakeS3->start(port => port('s3'));
my $redis = redis();

my %size = (held => 3000, streamed => 150_000);

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => sub {
        my ($how) = $_[0]{path} =~ m{(\w+)$};
        return { size => $size{$how},
            headers => ['Cache-Control' => 'max-age=600'] };
    },
});

my $locations = join '', map { <<"EOF" } qw/zstd gzip none/;
        location /$_/ {
            query_cache z;
            query_cache_compress $_;
            add_header X-Cache \$query_cache_status always;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }
EOF

$t->write_file_expand('nginx.conf', <<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        redis @{[$redis->url]};
        s3 http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;
        s3_max_fails 1000;
        hold 10k;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;

$locations

        location = /stats {
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

my $stored = 0;

for my $coding (qw/zstd gzip none/) {
    for my $how (qw/held streamed/) {
        my $uri = "/$coding/$how";
        my $md5 = QC::Body->new(size => $size{$how})->md5;
        my $size = $size{$how};

        is($t->get($uri)->body_md5, $md5, "$uri: a miss");
        ok($t->wait_stats('/stats', 'store', 'stored', ++$stored),
            "$uri: stored");

        my ($key) = $redis->cli('KEYS', '*');
        my $length = $redis->cli('HGET', $key, 'stored');
        is($redis->cli('HGET', $key, 'compression'), $coding,
            "$uri: the coding");

        my %other = (zstd => 'gzip', gzip => 'zstd', none => 'zstd');

        my @lies = (
            [size_bytes => $size + 1], [size_bytes => $size - 1],
            [size_bytes => $size * 2], [size_bytes => 1],
            [stored => $length + 1], [stored => $length - 1],
            [compression => $other{$coding}],
        );

        push @lies, [compression => 'none', size_bytes => $length]
            if $coding ne 'none';
        push @lies, [sum => '0' x 32] if $coding eq 'none';

        @lies = map { $_->[0] =~ /^(?:size_bytes|stored)$/
            ? [stored => $_->[1], size_bytes => $_->[1]] : $_ } @lies
            if $coding eq 'none';

        for my $lie (@lies) {
            my $name = "$uri: @$lie";

            is($t->get($uri)->header('X-Cache'), 'HIT', "$name: a hit first");
            $redis->cli('HSET', $key, @$lie);

            my $r = $t->get($uri);

            is($r->status, 200, "$name: 200");
            isnt($r->error . $r->header('X-Cache'), 'HIT',
                "$name: no good hit");
            is($r->body_md5, $md5, "$name: right") if $r->error eq '';
            is($r->error, '', "$name: whole") if $how eq 'held';
            cmp_ok($r->body_length, '<=', $r->header('Content-Length') // 0,
                "$name: not longer than it says");

            # whatever was left of it is overwritten

            $redis->cli('DEL', $key);
            $t->get($uri);
            ok(wait_until(sub { $t->get($uri)->header('X-Cache') eq 'HIT' }),
                "$name: a hit again");
        }

        $redis->cli('FLUSHALL');
        ok(wait_until(sub {
            my $now = $t->stats('/stats', 'store', 'stored');
            return $now == $stored || !($stored = $now);
        }), "$uri: stores have ended");
    }
}

is($t->stats('/stats', 's3', 'down'), 0, 's3 is not set aside');

done_testing();
