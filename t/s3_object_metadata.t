#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# The index can be rebuilt from the bucket alone: an object's metadata names
# its key and itself and holds the whole record, equal in every field to what
# is in Redis.  The body is what the coding's own program decodes to the
# answer.  A field left out, or a header S3 does not give back, would break
# this.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use MIME::Base64 qw/decode_base64url/;

use QC::Body;
use QC::Nginx;
use QC::Services qw/redis rgw/;
use QC::Upstream;
use QC::Util qw/run_command/;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/)
    ->has_daemon(qw/zstd gzip/);
my $s3 = rgw();
my $redis = redis();

my @headers = ('Content-Type' => 'application/x-ndjson; charset=utf-8',
    'Cache-Control' => 'max-age=600', ETag => '"v1"',
    'X-Text' => "caf\xc3\xa9 \"quoted\" ~", 'X-List' => 'a, b');

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => sub {
        my ($size) = $_[0]{path} =~ /(\d+)$/;
        return { size => $size, headers => \@headers,
            status => $size == 1 ? 404 : 200 };
    },
});

$t->write_file_expand('nginx.conf', <<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        redis @{[$redis->url]};
        s3 @{[$s3->endpoint]} bucket=@{[$s3->bucket]} prefix=pre
           access_key=@{[$s3->access]} secret_key=@{[$s3->secret]};
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        query_cache z;
        query_cache_valid 404 1m;
        query_cache_namespace team-\$arg_team;
        query_cache_capture_buffer 64k;
        add_header X-Cache \$query_cache_status always;
        add_header X-Key \$query_cache_key always;

        location /zstd/ {
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /gzip/ {
            query_cache_compress gzip 6;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /none/ {
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

# the binary form: version, then id, length and bytes of each field

my @names = qw/- status created_at ttl stale started size_bytes stored cost
    compression s3_path sum namespace headers tags/;

sub record_of {
    my ($bytes) = @_;
    my %record = (v => unpack 'C', $bytes);

    my $at = 1;
    while ($at < length $bytes) {
        my ($id, $length) = unpack 'C v', substr $bytes, $at, 3;
        my $value = substr $bytes, $at + 3, $length;

        $value = unpack 'Q<', $value if $id <= 9;
        $value = unpack 'H*', $value if $id == 10 || $id == 11;
        $record{$names[$id]} = $value;
        $at += 3 + $length;
    }

    $record{ttl} -= $record{created_at};
    $record{compression} = (qw/none gzip zstd/)[$record{compression}];
    $record{s3_path} =~ s{^(..)}{1/$1/};

    return \%record;
}

# values may hold line ends: each comes as "length:value"

sub redis_hash {
    my ($key) = @_;

    my $text = $redis->cli('EVAL', q{local o = ''
        for _, v in ipairs(redis.call('HGETALL', KEYS[1])) do
            o = o .. #v .. ':' .. v
        end
        return o}, 1, $key);

    my @fields;
    while ($text =~ s/^(\d+)://) {
        push @fields, substr $text, 0, $1, '';
    }

    return { @fields };
}

sub decoded {
    my ($coding, $bytes) = @_;

    return $bytes if $coding eq 'none';

    my $r = run_command([$coding, '-dc'], input => $bytes);
    return $r->{exit} == 0 ? $r->{out} : "$coding: $r->{err}";
}

my $stored = 0;

for my $coding (qw/zstd gzip none/) {
    for my $size (0, 1, 2000, 1_000_000) {
        my $name = "$coding, $size";
        my $body = QC::Body->new(size => $size);

        my $r = $t->get("/$coding/$size?team=$size");
        is($r->body_md5, $body->md5, "$name: a miss");
        ok($t->wait_stats('/stats', 'store', 'stored', ++$stored),
            "$name: stored");

        my $key = $r->header('X-Key');
        my $hash = redis_hash("qc:$key");
        my $object = $s3->call('get_object', Key => "pre/$hash->{s3_path}");
        my $meta = $object->{Metadata};

        is($meta->{'qc-version'}, 1, "$name: version");
        is($meta->{'qc-key'}, $key, "$name: key");
        is("1/$meta->{'qc-object'}" =~ s{^(1/..)}{$1/}r, $hash->{s3_path},
            "$name: object");
        is($object->{ContentType}, $headers[1], "$name: Content-Type");
        is($object->{ContentEncoding}, $coding eq 'none' ? undef : $coding,
            "$name: Content-Encoding");

        my $record = record_of(decode_base64url($meta->{'qc-record'}));
        is_deeply($record, $hash, "$name: the record is that of Redis");

        is($record->{status}, $size == 1 ? 404 : 200, "$name: status");
        is($record->{ttl}, 600, "$name: ttl");
        is($record->{size_bytes}, $size, "$name: size");
        is($record->{stored}, length $object->{Body}, "$name: stored");
        is($record->{compression}, $coding, "$name: coding");
        is($record->{namespace}, "team-$size", "$name: namespace");

        my @lines = sort split /\r\n/, $record->{headers};
        my @want = sort map { "$headers[2 * $_]: $headers[2 * $_ + 1]" }
            0 .. $#headers / 2;
        is_deeply(\@lines, \@want, "$name: headers");

        is(decoded($coding, $object->{Body}), $body->bytes,
            "$name: the body");
    }
}

done_testing();
