#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# "query_cache $variable" chooses the zone for each request: another name,
# another cache; empty or "off", none; a name that no zone has is logged and
# the upstream answers.  Fails if a name is only looked up once, or if its
# absence is an error for the client.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $n = 0;
my $up = QC::Upstream->start(port => port('up'),
    routes => { '/*' => sub { return { body => "answer $_[1]" } } });

$t->write_file_expand('nginx.conf', <<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone a {
        disk %%TESTDIR%%/a;
    }

    query_cache_zone b {
        disk %%TESTDIR%%/b;
    }

    map $http_x_class $class {
        gold    a;
        silver  b;
        none    off;
        default $http_x_class;
    }

    query_cache_valid 10m;
    query_cache_key   args=;
    add_header        X-Status "$query_cache_status";

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            query_cache $class;
            proxy_pass  http://127.0.0.1:%%PORT_up%%;
        }

        location /part/ {
            query_cache "$arg_first$arg_second";
            proxy_pass  http://127.0.0.1:%%PORT_up%%;
        }

        location /set/ {
            set $zone a;

            if ($arg_b) {
                set $zone b;
            }

            if ($arg_off) {
                set $zone "";
            }

            query_cache $zone;
            proxy_pass  http://127.0.0.1:%%PORT_up%%;
        }

        location = /stats/a {
            query_cache_admin a;
        }

        location = /stats/b {
            query_cache_admin b;
        }
    }
}

EOF

$t->run;

my %stored = (a => 0, b => 0);

sub get {
    my ($uri, $class) = @_;

    my $r = $t->get($uri, headers => ['X-Class' => $class // '']);
    is($r->status, 200, "$uri: an answer");

    return ($r->header('X-Status') // '-') . ' ' . $r->body;
}

sub filled {
    my ($zone) = @_;

    ok($t->wait_stats("/stats/$zone", 'store', 'stored', ++$stored{$zone}),
        "stored in $zone");
}

is(get('/x', 'gold'), 'MISS answer 1', 'one zone: a miss');
filled('a');
is(get('/x', 'gold'), 'HIT answer 1', 'a hit');
is(get('/x', 'silver'), 'MISS answer 2', 'another zone: a miss');
filled('b');
is(get('/x', 'silver'), 'HIT answer 2', 'a hit of its own');
is(get('/x', 'gold'), 'HIT answer 1', 'the first has its own, still');
is(get('/x', 'a'), 'HIT answer 1', 'by its name');

is(get('/x', 'none'), '- answer 3', 'off');
is(get('/x', ''), '- answer 4', 'empty');
is(get('/x', 'c'), '- answer 5', 'no such zone');
is(get('/x', 'A'), '- answer 6', 'names are case-sensitive');

my @lines = $t->error_log(qr/\[error\].*unknown query cache zone "\w"/);
is(scalar @lines, 2, 'and it is logged');

is(get('/part/?first=a'), 'MISS answer 7', 'of parts: a miss');
filled('a');
is(get('/part/?second=a'), 'HIT answer 7', 'a hit');
is(get('/part/?first=o&second=ff'), '- answer 8', 'off');

is(get('/set/'), 'MISS answer 9', 'set: a miss');
filled('a');
is(get('/set/'), 'HIT answer 9', 'a hit');
is(get('/set/?b=1'), 'MISS answer 10', 'another zone: a miss');
filled('b');
is(get('/set/?off=1'), '- answer 11', 'empty');

is($t->stats('/stats/a', 'store', 'stored'), 3, 'a');
is($t->stats('/stats/b', 'store', 'stored'), 2, 'b');

done_testing();
