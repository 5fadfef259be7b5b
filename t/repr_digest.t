#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# RFC 9530: a client that wants it is told the SHA-256 of the plain body of a
# hit, whatever the body is stored as and whatever part of it is sent, but
# never with other bytes than those that were hashed.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Digest::SHA qw/sha256_base64/;

use QC::Body;
use QC::Combine;

my %sizes = (small => 100, medium => 50_000, large => 3_000_000);

my $c = QC::Combine->new(has => ['gzip'], routes => {
    '/*' => sub {
        my ($size) = $_[0]{path} =~ m{/(\w+)$};

        return { size => $sizes{$size}, headers => [ETag => '"e"',
            'Content-Type' => 'text/plain'] };
    },
    '/empty' => { body => '' },
    '/own' => { body => 'own', headers => ['Repr-Digest' => 'sha-512=:AA==:',
        'Repr-Digest' => 'md5=:AA==:'] },
    '/404' => { status => 404, body => 'not found',
        headers => ['Cache-Control' => 'max-age=60'] },
}, http => <<'EOF', server => <<'EOF');
    query_cache_repr_digest on;
    gzip_types text/plain;
EOF
        location / {
            proxy_pass http://%%UP%%;
        }

        location /gzip/ {
            query_cache_compress gzip;
            proxy_pass http://%%UP%%;
        }

        location /none/ {
            query_cache_compress none;
            proxy_pass http://%%UP%%;
        }

        location /file/ {
            query_cache_capture_buffer 32k;
            proxy_pass http://%%UP%%;
        }

        location /none/file/ {
            query_cache_compress none;
            query_cache_capture_buffer 32k;
            proxy_pass http://%%UP%%;
        }

        location /coded/ {
            query_cache_serve_compressed on;
            gzip on;
            proxy_pass http://%%UP%%;
        }

        location /off/ {
            query_cache_repr_digest off;
            proxy_pass http://%%UP%%;
        }
EOF

sub digest {
    my ($bytes) = @_;
    my $text = sha256_base64($bytes);

    return "sha-256=:$text" . '=' x (-length($text) % 4) . ':';
}

sub ask {
    my ($method, $uri, @headers) = @_;

    return $c->ask($method, $uri,
        headers => ['Want-Repr-Digest' => 'sha-256=1', @headers]);
}

sub told {
    my ($r, $digest, $name) = @_;

    is($r->header('X-Cache'), 'HIT', "$name: a hit");
    is(join(' | ', $r->header_all('Repr-Digest')), $digest,
        "$name: " . ($digest ? 'its digest' : 'no digest'));
}

my %digests = map { $_ => digest(QC::Body->new(size => $sizes{$_})->bytes) }
    keys %sizes;

is(digest(''), 'sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:',
    'a known one');

# who wants it

my @wants = (
    ['sha-256=1'                => 1],
    ['sha-256=10, sha-512=1'    => 1],
    ['sha-512=10, sha-256=3'    => 1],
    ['sha-256=0'                => ''],
    ['sha-512=1'                => ''],
    ['sha-256=1, sha-256=0'     => ''],
    ['sha-256'                  => ''],
    ['sha-256=1,'               => ''],
    ['SHA-256=1'                => ''],
    [''                         => ''],
);

$c->each_zone(sub {
    for my $uri (qw{/small /medium /large /gzip/medium /gzip/large
        /none/small /none/large /file/large /none/file/large})
    {
        my ($size) = $uri =~ m{/(\w+)$};
        my $digest = $digests{$size};

        is($c->miss($uri)->header('Repr-Digest'), undef, "$uri: a miss");

        my $r = ask('GET', $uri);
        told($r, $digest, $uri);
        is($r->body_length, $sizes{$size}, "$uri: its length");

        told(ask('HEAD', $uri), $digest, "HEAD $uri");

        $r = ask('GET', $uri, Range => 'bytes=10-19');
        is($r->status, 206, "$uri: a part");
        told($r, $digest, "part of $uri");

        $r = ask('GET', $uri, 'If-None-Match' => '"e"');
        is($r->status, 304, "$uri: not modified");
        told($r, $digest, "304 of $uri");

        told($c->hit($uri), '', "$uri, nobody asks");
    }

    for (@wants) {
        my ($want, $told) = @$_;

        told($c->ask('GET', '/small', headers => ['Want-Repr-Digest', $want]),
            $told && $digests{small}, "\"$want\"");
    }

    $c->miss('/empty');
    told(ask('GET', '/empty'), digest(''), 'empty');

    # the upstream's own is the one

    $c->miss('/own');
    told(ask('GET', '/own'), 'sha-512=:AA==: | md5=:AA==:', 'own');

    # other bytes, other statuses

    $c->miss('/coded/medium');

    my $r = ask('GET', '/coded/medium', 'Accept-Encoding' => 'zstd');
    is($r->header('Content-Encoding'), 'zstd', 'as it is stored');
    told($r, '', 'as it is stored');

    $r = ask('GET', '/coded/medium', 'Accept-Encoding' => 'gzip');
    is($r->header('Content-Encoding'), undef, 'not compressed on its way');
    told($r, $digests{medium}, 'gzip on');

    $r = $c->ask('GET', '/coded/medium',
        headers => ['Accept-Encoding' => 'gzip']);
    is($r->header('Content-Encoding'), 'gzip', 'compressed on its way');
    told($r, '', 'compressed on its way');

    $c->miss('/404');
    $r = ask('GET', '/404');
    is($r->status, 404, 'not found');
    told($r, '', 'not found');

    $c->miss('/off/small');
    told(ask('GET', '/off/small'), '', 'off');
});

$c->done;
