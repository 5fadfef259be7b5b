#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Answers over query_cache_max_size or under query_cache_min_size are passed
# on whole and not stored, with a length or without one; at the limit they
# are.  A capture that stopped the client's copy, or stored what fitted,
# would truncate them.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Body;
use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $max = 1_000_000;

my %sizes = (empty => 0, small => 999, min => 1000, max => $max,
    over => $max + 1, big => 3 * $max);

my %routes;

for my $name (keys %sizes) {
    $routes{"/length/$name"} = { size => $sizes{$name}, seed => $name };
    $routes{"/chunked/$name"} = { size => $sizes{$name}, seed => $name,
        chunked => 1 };
}

my $up = QC::Upstream->start(port => port('up'), routes => \%routes);

$t->write_file_expand('nginx.conf', <<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        disk %%TESTDIR%%/store;
    }

    log_format cache '$uri $query_cache_status $query_cache_reason';
    access_log %%TESTDIR%%/cache.log cache;

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            query_cache z;
            query_cache_valid 1h;
            query_cache_min_size 1000;
            query_cache_max_size 1000000;
            proxy_http_version 1.1;
            proxy_pass http://127.0.0.1:%%PORT_up%%;

            location ~ ^(/unbuffered)(.*) {
                proxy_buffering off;
                proxy_pass http://127.0.0.1:%%PORT_up%%$2;
            }

            location ~ ^(/spilled)(.*) {
                query_cache_capture_buffer 64k;
                proxy_pass http://127.0.0.1:%%PORT_up%%$2;
            }
        }

        location = /query_cache {
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

my ($stored, %reasons) = (0);

for my $way ('', '/unbuffered', '/spilled') {
    for my $framing ('/length', '/chunked') {
        for my $name (sort keys %sizes) {
            my $uri = "$way$framing/$name";
            my $size = $sizes{$name};
            my $md5 = QC::Body->new(size => $size, seed => $name)->md5;
            my $reason = $size < 1000 ? 'min_size'
                : $size > $max ? 'max_size' : undef;

            my $r = $t->get($uri);
            is($r->error, '', "$uri: whole");
            is($r->body_md5, $md5, "$uri: passed on");

            if ($reason) {
                $reasons{$reason} += 2;

            } else {
                ok($t->wait_stats('/query_cache', 'store', 'stored',
                    ++$stored), "$uri: stored");
            }

            is($t->get($uri)->body_md5, $md5, "$uri: again");

            my @logged;

            wait_until(sub {
                @logged = slurp($t->testdir . '/cache.log')
                    =~ /^\Q$uri\E (.*)$/mg;
                return @logged == 2;
            });

            is("@logged", $reason ? "MISS $reason MISS $reason"
                : 'MISS absent HIT -', "$uri: " . ($reason // 'a hit'));
        }
    }
}

is($t->stats('/query_cache', 'reason', $_), $reasons{$_}, "reason $_")
    for sort keys %reasons;
is($t->stats('/query_cache', 'store', 'stored'), $stored, 'nothing else');

done_testing();
