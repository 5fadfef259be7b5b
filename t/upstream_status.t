#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Which statuses are stored: those with a lifetime of their own or of
# query_cache_valid, but never parts (206, 416), answers to conditions (304,
# 412), and what RFC 6585 says of the client (428, 429, 431); and the server's
# own failures (5xx) only where they are meant: by the upstream, or by their
# code in query_cache_valid.  All are passed on as they are.  A stored 206 or
# 304 would be half an answer, a 5xx stored by "any" an outage that lasts.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my @fresh = ('Cache-Control' => 'max-age=1000');

my @cases = (
    # status, stored by Cache-Control, by "any", by nothing but the default,
    # by its code

    [200, 1, 1, 1, 1], [201, 1, 1, 0, 1], [202, 1, 1, 0, 1],
    [203, 1, 1, 0, 1], [204, 1, 1, 0, 1], [205, 1, 1, 0, 1],
    [206, 0, 0, 0, 0], [299, 1, 1, 0, 1], [300, 1, 1, 0, 1],
    [301, 1, 1, 1, 1], [302, 1, 1, 1, 1], [303, 1, 1, 0, 1],
    [304, 0, 0, 0, 0], [307, 1, 1, 0, 1], [308, 1, 1, 0, 1],
    [400, 1, 1, 0, 1], [401, 1, 1, 0, 1], [403, 1, 1, 0, 1],
    [404, 1, 1, 0, 1], [405, 1, 1, 0, 1], [410, 1, 1, 0, 1],
    [412, 0, 0, 0, 0], [414, 1, 1, 0, 1], [416, 0, 0, 0, 0],
    [428, 0, 0, 0, 0], [429, 0, 0, 0, 0], [431, 0, 0, 0, 0],
    [451, 1, 1, 0, 1], [499, 1, 1, 0, 1],
    [500, 1, 0, 0, 1], [501, 1, 0, 0, 1], [502, 1, 0, 0, 1],
    [503, 1, 0, 0, 1], [504, 1, 0, 0, 1], [599, 1, 0, 0, 1],
);

my @never = qw/206 304 412 416 428 429 431/;
my $codes = join ' ', map { $_->[0] } @cases;

my @ways = qw/fresh any default code/;

my %routes;

for my $case (@cases) {
    my $status = $case->[0];
    my @more = $status =~ /^30[12378]/ ? (Location => 'http://a/b')
        : $status == 401 ? ('WWW-Authenticate' => 'Basic') : ();

    $routes{"/$_/$status"} = { status => $status, body => "body $status",
        headers => [@more, $_ eq 'fresh' ? @fresh : ()] } for @ways;
}

my $up = QC::Upstream->start(port => port('up'), routes => \%routes);

$t->write_file_expand('nginx.conf', <<'EOF' =~ s/CODES/$codes/r);

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        disk %%TESTDIR%%/store;
    }

    query_cache_cache_status off;
    add_header X-Status "$query_cache_status $query_cache_reason" always;

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location /fresh {
            query_cache z;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /any {
            query_cache z;
            query_cache_valid any 1h;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /default {
            query_cache z;
            query_cache_valid 1h;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /code {
            query_cache z;
            query_cache_valid CODES 1h;
            query_cache_valid any 0;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /plain/ {
            proxy_pass http://127.0.0.1:%%PORT_up%%/;
        }

        location = /query_cache {
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

# all but what a hit may have of its own

sub fields {
    my ($r) = @_;

    return join "\n", $r->status, (sort map { "$_->[0]: $_->[1]" }
        grep { $_->[0] !~ /^(?:Date|X-Status|Accept-Ranges|Age)$/ }
        @{$r->headers}), $r->body;
}

my ($stored, %reasons) = (0);

for my $case (@cases) {
    my ($status, @stored) = @$case;

    for my $n (0 .. $#ways) {
        my $uri = "/$ways[$n]/$status";
        my $plain = fields($t->get("/plain$uri"));

        my $r = $t->get($uri);
        is(fields($r), $plain, "$uri: passed on");

        my $reason = $stored[$n] ? 'absent'
            : $status >= 500 || (grep { $_ == $status } @never) ? 'status'
            : 'freshness';

        is($r->header('X-Status'), "MISS $reason", "$uri: $reason");
        $reasons{$reason}++;

        if (!$stored[$n]) {
            is($t->get($uri)->header('X-Status'), "MISS $reason",
                "$uri: not stored");
            $reasons{$reason}++;
            next;
        }

        ok($t->wait_stats('/query_cache', 'store', 'stored', ++$stored),
            "$uri: stored");

        $r = $t->get($uri);
        is($r->header('X-Status'), 'HIT', "$uri: a hit");
        is(fields($r), $plain, "$uri: the same");
    }
}

is($t->stats('/query_cache', 'store', 'stored'), $stored, 'nothing else');
is($t->stats('/query_cache', 'reason', $_), $reasons{$_}, "reason $_")
    for qw/status freshness/;

done_testing();
