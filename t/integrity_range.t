#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# A range of a streamed hit is complete only once the whole body has passed its
# checks: the range's end is kept back until then, wherever in the body the
# bad byte is, so that no client has wrong bytes in an answer that ends well.
# Ranges of a good body are right, also those that end long before it.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Body;
use QC::FakeS3;
use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);
my $s3 = QC::FakeS3->start(port => port('s3'));

my $size = 1_000_000;
my $body = QC::Body->new(size => $size);

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => { size => $size, headers => ['Cache-Control' => 'max-age=600'] },
});

$t->write_file_expand('nginx.conf', <<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        s3 http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;
        s3_max_fails 1000;
        hold 10k;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        query_cache z;
        add_header X-Cache $query_cache_status always;

        location /none {
            query_cache_compress none;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /zstd {
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

# buffers of the decoder are 32k: ranges end in the first, at an edge, ...

my @ranges = ([0, 0], [0, 99], [32_000, 32_767], [32_768, 32_768],
    [100, 65_535], [300_000, 600_000], [0, 999_998], [999_990, 999_999]);

sub check_range {
    my ($uri, $first, $last) = @_;

    my $r = $t->get($uri, headers => [Range => "bytes=$first-$last"]);

    is(join(' ', $r->status, $r->header('X-Cache'), $r->error), '206 HIT ',
        "$uri, $first-$last: the status");
    is($r->header('Content-Range'), "bytes $first-$last/$size",
        "$uri, $first-$last: the range");
    ok($r->body eq $body->read($first, $last - $first + 1),
        "$uri, $first-$last: the bytes");
}

sub is_hit {
    my ($uri) = @_;

    ok(wait_until(sub {
        my $r = $t->get($uri);
        return $r->header('X-Cache') eq 'HIT' && $r->body_md5 eq $body->md5;
    }), "$uri: a hit");
}

for my $uri ('/none', '/zstd') {
    is($t->get($uri)->body_length, $size, "$uri: a miss");
    is_hit($uri);

    check_range($uri, @$_) for @ranges;

    # none of these may end well, but as an answer of the upstream if nothing
    # is out yet

    my $stored = length $s3->object($s3->last(qr/^GET/)->{path})->{body};

    for my $fault (['flip', at => 30], ['flip', at => int $stored / 2],
                   ['flip', at => $stored - 5], ['cut', at => $stored - 5],
                   ['reset_body'])
    {
        for my $range ($ranges[1], $ranges[5]) {
            my $name = "$uri @$fault, @$range";
            my $early = $uri eq '/zstd' && $fault->[1] && $fault->[2] == 30;

            is_hit($uri);
            my $before = $t->stats('/stats', 'request');
            $s3->fault(@$fault, match => qr/^GET/);

            my $r = $t->get($uri,
                headers => [Range => 'bytes=' . join '-', @$range]);
            my $after = $t->stats('/stats', 'request');

            is($after->{$_}, $before->{$_} + ($early xor $_ eq 'broken'),
                "$name: $_") for qw/broken fallback/;

            isnt($r->error, '', "$name: broken off") unless $early;
            is(join(' ', $r->status, $r->header('X-Cache'), $r->body_md5),
                '200 MISS ' . $body->md5, "$name: the upstream") if $early;
        }
    }
}

done_testing();
