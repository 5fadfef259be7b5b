#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# When the body store fails after the lookup, the upstream answers, and gets
# the request body as it was sent: it has been read for the key, and held
# while the store was asked.  Buffers that were consumed, or freed with the
# failed read, would truncate it.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Digest::MD5 qw/md5_hex/;

use QC::Body;
use QC::FakeS3;
use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $s3 = QC::FakeS3->start(port => port('s3'));
my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => sub { return { body => "$_[0]{md5} $_[0]{length}" } },
});

$t->write_file_expand('nginx.conf', <<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    client_max_body_size 8m;
    client_body_buffer_size 64k;

    query_cache_zone z {
        s3 http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;
        s3_read_timeout 100ms;
        s3_backoff 1ms 1ms;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            query_cache z;
            query_cache_methods POST;
            query_cache_valid 1h;
            query_cache_max_request_body 4m;
            add_header X-Status "$query_cache_status $query_cache_reason";
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /query_cache {
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

my %bodies = (
    '8 B'  => 'SELECT 1',
    '1 MB' => QC::Body->new(size => 1 << 20, kind => 'random')->bytes,
    '3 MB' => QC::Body->new(size => 3 << 20, kind => 'random')->bytes,
    '60 KB' => QC::Body->new(size => 60_000, seed => 'm')->bytes,
);

my @faults = (
    ['status', status => 500], ['status', status => 503], ['reset'],
    ['hang'], ['garbage'], ['cut', at => 5], ['reset_body', at => 5],
    ['hang_body', at => 5], ['flip'], ['length', by => -3],
);

my ($stored, $fallbacks) = (0, 0);

for my $size (sort keys %bodies) {
    my $body = $bodies{$size};
    my $want = md5_hex($body) . ' ' . length $body;

    for my $fault (@faults) {
        my ($kind, @options) = @$fault;
        my $uri = "/$kind/" . ++$fallbacks;
        my @how = $fallbacks % 2 ? (chunked => 10000) : (expect => 1);
        my $name = "$size, $kind";

        # a store that was set aside is back when it stores

        ok(wait_until(sub {
            $t->post($uri, $body);
            return $t->stats('/query_cache', 'store', 'stored') > $stored;
        }), "$name: stored");
        $stored = $t->stats('/query_cache', 'store', 'stored');

        ok(wait_until(sub {
            $t->post($uri, $body)->header('X-Status') eq 'HIT';
        }), "$name: a hit");

        $s3->fault($kind, @options, match => qr/^GET/,
            times => 0);

        my $r = $t->post($uri, $body, @how);
        $s3->clear_faults;
        like($r->header('X-Status'), qr/^MISS (store|corrupt)/,
            "$name: fallen back");
        is($r->body, $want, "$name: intact");
    }
}

cmp_ok($s3->faults_hit, '>=', $fallbacks, 'each fault was met');
cmp_ok($t->stats('/query_cache', 'request', 'fallback'), '>=', $fallbacks,
    'and counted');
is($t->stats('/query_cache', 'request', 'broken'), 0, 'none was cut off');

my @logged = $t->error_log(qr/\[error\].*query cache|\[error\].* s3 /);
cmp_ok(scalar @logged, '<', $fallbacks, 'not logged once a request');

done_testing();
