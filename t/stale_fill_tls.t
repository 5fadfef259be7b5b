#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# A background fill for a client that came over TLS tells the upstream so,
# and who the client was: $scheme, $https and all variables of its session
# and of its certificate are as they were, also in a map, over HTTP/1 and
# HTTP/2, though the session itself is not there any more.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Nginx;
use QC::Stale;
use QC::TLS;
use QC::Upstream;
use QC::Util qw/need_program/;

need_program(qw/curl openssl/);

my $t = QC::Nginx->new->has(qw/http proxy map ssl v2 query_cache/);

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => sub {
        my ($req, $n) = @_;

        return { body => "body $n", headers => stale_headers() };
    },
});

my @variables = qw/ssl_protocol ssl_cipher ssl_client_verify ssl_client_s_dn
    ssl_client_i_dn ssl_client_serial ssl_client_fingerprint
    ssl_client_escaped_cert ssl_server_name ssl_curves/;

my $headers = join '', map { "proxy_set_header X-$_ \$$_;\n" } @variables;

$t->write_file_expand('nginx.conf', <<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        disk %%TESTDIR%%/store;
    }

    map \$scheme \$mapped {
        https "secure-\$ssl_protocol";
        default plain;
    }

    underscores_in_headers on;

    server {
        listen 127.0.0.1:%%PORT_8080%%;
        listen 127.0.0.1:%%PORT_8443%% ssl http2;

        ssl_certificate %%TESTDIR%%/crt;
        ssl_certificate_key %%TESTDIR%%/key;
        ssl_verify_client optional_no_ca;

        location / {
            query_cache z;
            query_cache_methods GET POST;
            add_header X-Status \$query_cache_status;
            proxy_set_header X-Forwarded-Proto \$scheme;
            proxy_set_header X-HTTPS \$https;
            proxy_set_header X-Mapped \$mapped;
            proxy_set_header X-Protocol \$server_protocol\$http2;
            proxy_set_header X-Line \$request;
            $headers
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /stats {
            query_cache_admin z;
        }
    }
}

EOF

my $ca = QC::TLS->ca($t->testdir);
my ($crt, $key) = $ca->cert('localhost');
my ($alice, $alice_key) = $ca->cert('alice');

$t->write_file(crt => slurp($crt))->write_file(key => slurp($key));
$t->run;

my %how = (
    '1'      => ['--http1.1'],
    '1/cert' => ['--http1.1', '--cert', $alice, '--key', $alice_key],
    '2'      => ['--http2'],
    '2/cert' => ['--http2', '--cert', $alice, '--key', $alice_key],
    '2/body' => ['--http2', '-d', 'x' x 100_000],
);

my @how = sort keys %how;

sub ask {
    my ($how) = @_;

    my $r = curl(@{$how{$how}}, '--cacert', $ca->file,
        'https://localhost:' . port('8443') . "/$how", '--resolve',
        'localhost:' . port('8443') . ':127.0.0.1');

    my ($status) = $r->{head} =~ /^x-status: (\w+)/mi;

    return "$status $r->{body}";
}

sub said {
    my ($req) = @_;

    return join "\n", "$req->{method} $req->{uri} $req->{md5}",
        map { "$_->[0]: $_->[1]" } @{$req->{header_list}};
}

for my $how (@how) {
    like(ask($how), qr/^MISS /, "$how: a miss");
}

$t->get('/plain');
ok(wait_stale($t, '/stats', @how + 1), 'stale entries');

my $stored = @how + 1;

for my $how (@how) {
    like(ask($how), qr/^UPDATING /, "$how: a stale answer");
    ok($t->wait_stats('/stats', 'store', 'stored', ++$stored),
        "$how: stored");
}

$t->get('/plain');
ok($t->wait_stats('/stats', 'store', 'stored', ++$stored), 'plain: stored');

for my $how (@how) {
    my ($first, $fill, @more) = $up->requests("/$how");

    is(said($fill), said($first), "$how: the same request");
    is($fill->{headers}{'x-forwarded-proto'}, 'https', "$how: its scheme");
    is($fill->{headers}{'x-https'}, 'on', "$how: \$https");
    like($fill->{headers}{'x-mapped'}, qr/^secure-TLSv1/, "$how: a map");
    like($fill->{headers}{'x-ssl_client_s_dn'} // '',
        $how =~ /cert/ ? qr/CN=alice/ : qr/^$/, "$how: a certificate");
    is(scalar @more, 0, "$how: once");
}

my (undef, $plain) = $up->requests('/plain');
is($plain->{headers}{'x-forwarded-proto'}, 'http', 'plain: its scheme');
is($plain->{headers}{'x-https'}, undef, 'plain: no TLS');
is($t->stats('/stats', 'fill', 'failed'), 0, 'none failed');

done_testing();
