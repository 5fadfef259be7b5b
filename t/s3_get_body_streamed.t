#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# A streamed hit whose body breaks off in S3, stalls there or fails its
# checksum ends as a broken answer in every protocol, so that no client takes
# what it has for the whole.  Only the failed checksum drops the entry.  Ending
# the answer as usual after an error, or dropping the entry for a lost
# connection, would break this.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Body;
use QC::FakeS3;
use QC::Nginx;
use QC::Services qw/redis/;
use QC::TLS;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy ssl v2 ssi query_cache/);
my $s3 = QC::FakeS3->start(port => port('s3'));
my $redis = redis();
my ($cert, $key) = QC::TLS->ca($t->testdir)->cert('localhost');

my %body = (size => 1_000_000);
my $md5 = QC::Body->new(%body)->md5;

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => { %body, headers => ['Cache-Control' => 'max-age=600'] },
});

$t->write_file_expand('nginx.conf', <<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        redis @{[$redis->url]};
        s3 http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;
        s3_read_timeout 200ms;
        s3_max_fails 1000;
        s3_backoff 10ms 20ms;
        hold 10k;
    }

    add_header X-Cache \$query_cache_status always;

    server {
        listen 127.0.0.1:%%PORT_8080%%;
        listen 127.0.0.1:%%PORT_8081%% http2;
        listen 127.0.0.1:%%PORT_8443%% ssl;

        ssl_certificate $cert;
        ssl_certificate_key $key;

        location / {
            query_cache z;
            query_cache_key host= uri= args=;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        # without a length: chunked, or ended by the connection

        location /ssi {
            ssi on;
            ssi_types application/json;

            query_cache z;
            query_cache_key host= uri= args=;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /stats {
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

# each returns [X-Cache, true if the client takes the body for whole, bytes]

sub native {
    my ($uri, @options) = @_;

    my $r = $t->get($uri, @options);

    return [$r->header('X-Cache'), $r->error eq '', $r->body_length];
}

sub with_curl {
    my ($port, $uri, @options) = @_;

    my $scheme = $port == 8443 ? 'https' : 'http';
    my $r = curl('-k', @options, "$scheme://localhost:" . port($port) . $uri);

    my ($cache) = $r->{head} =~ /^x-cache: (\w+)/mi;

    return [$cache, $r->{exit} == 0, length $r->{body}];
}

my @clients = (
    ['length', sub { native('/') }],
    ['length, 1.0', sub { native('/', version => '1.0') }],
    ['chunked', sub { native('/ssi') }],
    ['end of connection', sub { native('/ssi', version => '1.0') }],
    ['end of TLS', sub { with_curl(8443, '/ssi', '--http1.0') }],
    ['HTTP/2', sub { with_curl(8081, '/', '--http2-prior-knowledge') }],
    ['HTTP/2, no length',
        sub { with_curl(8081, '/ssi', '--http2-prior-knowledge') }],
);

sub is_hit { my ($r) = @_; return $r->[0] eq 'HIT' && $r->[1] }

is($t->get('/')->body_md5, $md5, 'a miss');

for my $client (@clients) {
    my ($protocol, $get) = @$client;

    for my $fault (qw/cut reset_body hang_body flip/) {
        my $name = "$protocol: $fault";

        ok(wait_until(sub { is_hit($get->()) }), "$name: a hit at first");
        my $before = $t->stats('/stats');

        $s3->fault($fault, match => qr/^GET/);
        my $r = $get->();

        is($r->[0], 'HIT', "$name: from the cache");
        ok(!$r->[1], "$name: broken");
        cmp_ok($r->[2], '<', 1_000_000, "$name: and short");

        my $after = $t->stats('/stats');
        is($after->{request}{broken}, $before->{request}{broken} + 1,
            "$name: counted");
        is($after->{store}{dropped} - $before->{store}{dropped},
            $fault eq 'flip' ? 1 : 0, "$name: dropped or not");

        ok(wait_until(sub { $redis->cli('DBSIZE') == ($fault ne 'flip') }),
            "$name: so the index says");
    }
}

is(scalar(my @lines = $t->error_log(qr/failed its checks/)), 1,
    'the checksums logged once');

done_testing();
