#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Clients with different TLS certificates never share an entry, unless the
# operator takes the certificate out of the key.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Nginx;
use QC::TLS;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy ssl query_cache/);

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => { body => 'rows', headers => ['Cache-Control' => 'max-age=60'] },
});

$t->write_file_expand('nginx.conf', <<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone zone {
        disk %%TESTDIR%%/disk;
    }

    server {
        listen 127.0.0.1:%%PORT_tls%% ssl;
        ssl_certificate %%TESTDIR%%/crt;
        ssl_certificate_key %%TESTDIR%%/key;
        ssl_verify_client optional_no_ca;

        query_cache zone;
        add_header X-Cache $query_cache_status;

        location / {
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /shared {
            query_cache_key client_cert=;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location = /stats {
            query_cache_admin zone;
        }
    }
}

EOF

my $ca = QC::TLS->ca($t->testdir);
my ($crt, $key) = $ca->cert('localhost');
$t->write_file(crt => slurp($crt))->write_file(key => slurp($key));
$t->run;

my %client = map { $_ => [$ca->cert($_)] } qw/alice bob/;
my $stored = 0;

sub cache {
    my ($uri, $who) = @_;
    my @cert = $who
        ? ('--cert', $client{$who}[0], '--key', $client{$who}[1]) : ();
    my $r = curl('--cacert', $ca->file, @cert, '-H', 'Host: localhost',
        'https://127.0.0.1:' . port('tls') . $uri);

    my ($cache) = $r->{head} =~ /^x-cache: (\w+)/mi;

    $t->wait_stats('/stats', 'store', 'stored', ++$stored)
        if ($cache // '') eq 'MISS';

    return $cache;
}

is(cache('/a'), 'MISS', 'no certificate');
is(cache('/a'), 'HIT', 'no certificate, again');
is(cache('/a', 'alice'), 'MISS', 'one certificate');
is(cache('/a', 'alice'), 'HIT', 'the same certificate');
is(cache('/a', 'bob'), 'MISS', 'another certificate');
is(cache('/a', 'bob'), 'HIT', 'the other one again');
is($up->hits('/a'), 3, 'one request upstream for each');

is(cache('/shared', 'alice'), 'MISS', 'out of the key');
is(cache('/shared', 'bob'), 'HIT', 'shared when told to');

done_testing();
