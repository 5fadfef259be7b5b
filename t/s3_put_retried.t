#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# A store that fails once or twice is tried again, with the same body under
# the same name, and published when it worked: one object, and hits from it.
# An attempt that sends what the one before has left of its buffers, or that
# leaves a second object behind, would break this.

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

# in memory and in a file, more than one buffer, one write and many

my @sizes = (100, 60_000, 1_000_000);
my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => sub {
        my ($size) = $_[0]{path} =~ /(\d+)$/;
        return { size => $size, kind => 'random',
            headers => ['Cache-Control' => 'max-age=600'] };
    },
});

$t->write_file_expand('nginx.conf', <<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        s3 http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;
        s3_read_timeout 500ms;
        s3_send_timeout 1s;
        s3_max_fails 1000;
        s3_backoff 5ms 5ms;
        store_retries 2;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            query_cache z;
            add_header X-Cache $query_cache_status always;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /stats {
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

# the fault and how often it comes in a row; some of what follows is tried
# again by nginx itself, on another connection

my @cases = (
    ['status', 1, status => 403],
    ['status', 2, status => 403],
    ['status', 2, status => 500],
    ['reset', 2],
    ['lost', 2],
    ['hang', 2],
    ['garbage', 2],
);

my $stored = 0;

for my $case (@cases) {
    my ($fault, $times, %more) = @$case;

    for my $size (@sizes) {
        my $uri = join '/', '', $fault, $times, values %more, $size;
        my $body = QC::Body->new(size => $size, kind => 'random');

        $s3->clear;
        $s3->fault($fault, %more, times => $times, match => qr/^PUT/);

        is($t->get($uri)->body_md5, $body->md5, "$uri: a miss");
        ok($t->wait_stats('/stats', 'store', 'stored', ++$stored),
            "$uri: stored");

        my @puts = $s3->requests(qr/^PUT/);
        my %differs;
        $differs{"$_->{path} $_->{md5}"}++ for grep { $_->{md5} } @puts;

        is(scalar @puts, $times + 1, "$uri: attempts");
        is(scalar keys %differs, 1, "$uri: the same name and bytes");

        ok(wait_until(sub {
            my $r = $t->get($uri);
            return $r->header('X-Cache') eq 'HIT'
                && $r->body_md5 eq $body->md5;
        }), "$uri: a hit");
    }
}

is(scalar(my @keys = $s3->keys), $stored, 'as many objects');
is($t->stats('/stats', 'store', 'stored'), $stored, 'as entries');
is($t->stats('/stats', 'store', 'failed'), 0, 'none failed');
cmp_ok($t->stats('/stats', 'store', 'retried'), '>', 0, 'retries counted');

done_testing();
