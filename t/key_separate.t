#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Zones, locations and namespaces do not share entries, even for the same
# URI in the same store: an internal redirect that brings one URI to another
# location gets that location's answer.  A key without the zone, the
# location or the namespace would hand out what was never asked for there.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::FakeS3;
use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $s3 = QC::FakeS3->start(port => port('s3'));
my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => sub { return { body => $_[0]{headers}{'x-from'} } },
});

my $store = 's3 http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a '
    . 'secret_key=s;';
my $pass = 'proxy_pass http://127.0.0.1:%%PORT_up%%;';

$t->write_file_expand('nginx.conf', <<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone a { $store }
    query_cache_zone b { $store }

    query_cache_valid 1h;
    add_header X-Status \$query_cache_status;
    add_header X-Key \$query_cache_key;

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        error_page 418 = \@one;
        error_page 419 = \@two;

        location / {
            query_cache a;
            proxy_set_header X-From plain;
            $pass
        }

        location /zone {
            query_cache \$arg_zone;
            query_cache_key args=;
            proxy_set_header X-From "zone \$arg_zone";
            $pass
        }

        location /ns {
            query_cache a;
            query_cache_key args=;
            query_cache_namespace \$arg_ns;
            proxy_set_header X-From "namespace \$arg_ns";
            $pass
        }

        location /named {
            query_cache_key args=;

            if (\$arg_n = 1) {
                return 418;
            }

            return 419;
        }

        location \@one {
            query_cache a;
            query_cache_key args=;
            proxy_set_header X-From one;
            $pass
        }

        location \@two {
            query_cache a;
            query_cache_key args=;
            proxy_set_header X-From two;
            $pass
        }

        location ~ ^/re {
            query_cache a;
            proxy_set_header X-From regex;
            $pass
        }

        location /query_cache {
            alias %%TESTDIR%%/;
            location /query_cache/a { query_cache_admin a; }
            location /query_cache/b { query_cache_admin b; }
        }
    }
}

EOF

$t->run;

my %keys;

sub separate {
    my ($uri, $want, $zone) = @_;

    my $stored = $t->stats("/query_cache/$zone", 'store', 'stored');

    my $r = $t->get($uri);
    is($r->header('X-Status') . ' ' . $r->body, "MISS $want",
        "$uri: a miss, its own");
    ok(!$keys{$r->header('X-Key')}++, "$uri: its own key");
    ok($t->wait_stats("/query_cache/$zone", 'store', 'stored', $stored + 1),
        "$uri: stored");
}

sub again {
    my ($uri, $want) = @_;

    my $r = $t->get($uri);
    is($r->header('X-Status') . ' ' . $r->body, "HIT $want",
        "$uri: a hit, its own");
}

my @cases = (
    ['/x', 'plain', 'a'],
    ['/re', 'regex', 'a'],
    ['/zone?zone=a', 'zone a', 'a'],
    ['/zone?zone=b', 'zone b', 'b'],
    ['/ns?ns=', 'namespace', 'a'],
    ['/ns?ns=a', 'namespace a', 'a'],
    ['/ns?ns=b', 'namespace b', 'a'],
    ['/named?n=1', 'one', 'a'],
    ['/named?n=2', 'two', 'a'],
);

separate(@$_) for @cases;
again(@$_) for @cases, reverse @cases;

is(scalar(keys %keys), @cases, 'as many keys as cases');
is($t->get('/zone?zone=off')->header('X-Status'), undef, 'a zone "off"');
is($t->get('/zone')->header('X-Status'), undef, 'no zone');

done_testing();
