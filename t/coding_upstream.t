#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Accept-Encoding as the upstream gets it: where an answer may be stored it is
# that of query_cache_upstream_encoding, "identity" without one, so that what
# comes is plain and the same for all; elsewhere it is the client's own.  The
# client's stays what nginx's filters, variables and logs see.  Passing it on
# would have an answer encoded for whoever happened to ask first.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use IO::Compress::Gzip qw/gzip/;
use IO::Uncompress::Gunzip qw/gunzip/;

use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $plain = join '', map { "{\"row\":$_}\n" } 1 .. 2000;

# encodes if it is told to

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => sub {
        my ($req) = @_;
        my @headers = ('Cache-Control' => 'max-age=60', ETag => '"1"',
            Vary => 'Accept-Encoding');

        return { body => $plain, headers => \@headers }
            if ($req->{headers}{'accept-encoding'} // '') !~ /gzip/;

        gzip(\$plain => \my $packed);

        return { body => $packed, headers => [@headers,
            'Content-Encoding' => 'gzip'] };
    },
});

$t->write_file_expand('nginx.conf', <<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        disk %%TESTDIR%%/store;
    }

    query_cache z;
    query_cache_methods GET HEAD POST;
    proxy_http_version 1.1;
    add_header X-Cache $query_cache_status always;

    log_format cache '$uri [$http_accept_encoding]';
    access_log %%TESTDIR%%/cache.log cache;

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /unbuffered/ {
            proxy_buffering off;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /pass/ {
            query_cache_upstream_encoding pass;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /gzip/ {
            query_cache_upstream_encoding gzip;
            proxy_pass http://127.0.0.1:%%PORT_up%%;

            location /gzip/inner/ {
                proxy_pass http://127.0.0.1:%%PORT_up%%;
            }
        }

        location /both/ {
            query_cache_upstream_encoding zstd gzip;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /any/ {
            query_cache_upstream_encoding identity zstd;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /set/ {
            proxy_set_header Accept-Encoding "br";
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /none/ {
            proxy_set_header Accept-Encoding "";
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /filter/ {
            gzip on;
            gzip_types *;
            gzip_proxied any;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /session/ {
            query_cache_engine clickhouse;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /off/ {
            query_cache off;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /query_cache {
            query_cache off;
            access_log off;
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

my $n = 0;

# What the upstream got for what the client sent; a list: several lines

sub sent {
    my ($way, $accept, %o) = @_;
    my $uri = "$way/" . $n++;
    my $args = $way eq '/session' ? '?query=SELECT+1&session_id=1' : '';
    my $method = $o{method} // 'GET';

    my $r = $t->request($method, "$uri$args", headers => [@{$o{headers} // []},
        map { ('Accept-Encoding' => $_) } ref $accept ? @$accept
        : defined $accept ? $accept : ()],
        $method eq 'POST' ? (body => 'a=b') : ());

    is($r->status, $o{status} // 200, "$uri: an answer");

    my @got = map { $_->[1] } grep { lc $_->[0] eq 'accept-encoding' }
        @{$up->last($uri)->{header_list}};

    return (join(' + ', @got), $r, $uri);
}

sub is_sent {
    my ($way, $accept, $got, %o) = @_;

    my $name = "$way, " . (ref $accept ? join ' + ', @$accept
        : $accept // 'none') . ($o{method} ? ", $o{method}" : '');

    is((sent($way, $accept, %o))[0], $got, $name);
}

for my $way ('', '/unbuffered') {
    is_sent($way, undef, 'identity');
    is_sent($way, 'gzip, br, zstd', 'identity');
    is_sent($way, '', 'identity');
    is_sent($way, ['gzip', 'br'], 'identity');
    is_sent($way, 'identity;q=0, *', 'identity');
    is_sent($way, 'gzip', 'identity', method => 'POST');
}

is_sent('/pass', undef, '');
is_sent('/pass', 'br;q=0.5, gzip', 'br;q=0.5, gzip');
is_sent('/pass', ['gzip', 'br'], 'gzip + br');

# of these what the client accepts, who gets the answer as it comes

is_sent('/gzip', undef, 'identity');
is_sent('/gzip', 'br, zstd', 'identity');
is_sent('/gzip', 'br, gzip', 'gzip');
is_sent('/gzip', 'gzip;q=0, *', 'identity');
is_sent('/gzip/inner', 'gzip', 'gzip');
is_sent('/both', 'br', 'identity');
is_sent('/both', 'gzip, br, zstd', 'zstd, gzip');
is_sent('/both', 'gzip', 'gzip');
is_sent('/any', 'zstd', 'identity, zstd');
is_sent('/any', 'br', 'identity');

# the operator's own word is the last

is_sent('/set', 'gzip', 'br');
is_sent('/none', 'gzip', '');

# where nothing is stored, nothing is changed

for my $way (qw{/session /off}) {
    is_sent($way, undef, '');
    is_sent($way, 'gzip, br', 'gzip, br');
    is_sent($way, ['gzip', 'br'], 'gzip + br');
}

is_sent('', 'gzip, br', 'gzip, br', method => 'HEAD');
is_sent('', 'gzip, br', 'gzip, br', method => 'PUT');
is_sent('', 'gzip, br', 'gzip, br', method => 'DELETE');

# other fields are as they were, before and behind it

my ($got, $r, $uri) = sent('', 'gzip', headers => ['X-A' => 1, 'X-B' => 2]);
my $headers = $up->last($uri)->{headers};
is($headers->{'x-a'}, 1, 'a field before it');
is($headers->{'x-b'}, 2, 'another one');

# the client's own is what is logged

ok(wait_until(sub {
    slurp($t->testdir . '/cache.log') =~ /^\Q$uri\E \[gzip\]$/m;
}), "the client's in the log");

# what was encoded for one is plain for all, and so is what was not

sub served {
    my ($uri, $accept, $cache, $coding) = @_;

    my $r = $t->get($uri, headers => $accept ? ['Accept-Encoding' => $accept]
        : []);
    my $body = $r->body;
    my $name = "$uri, " . ($accept // 'none') . ", $cache";

    is($r->header('X-Cache'), $cache, $name);
    is($r->header('Content-Encoding'), $coding, "$name: coding");

    if ($coding) {
        gunzip(\$r->body => \$body);
    }

    ok($body eq $plain, "$name: the body");
}

my $stored = $t->stats('/query_cache', 'store', 'stored');

for my $case (['/x', undef, undef], ['/gzip/x', 'gzip', undef],
    ['/pass/x', 'gzip', undef], ['/filter/x', 'gzip', 'gzip'])
{
    my ($uri, $coding, $filtered) = @$case;

    served($uri, 'gzip', 'MISS', $coding // $filtered);
    ok(wait_until(sub { $t->stats('/query_cache', 'store', 'stored')
        > $stored }), "$uri: stored");
    $stored = $t->stats('/query_cache', 'store', 'stored');

    served($uri, 'gzip', 'HIT', $filtered);
    next if $uri =~ /pass/;     # there it varies by it

    served($uri, undef, 'HIT', undef);
    served($uri, 'br', 'HIT', undef);
}

done_testing();
