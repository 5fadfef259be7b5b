#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# The variables have their values in add_header, in the log and in a map:
# status, key, tier, age and reason of a hit, a miss, an expired entry and a
# bypass, and are empty ("-" in the log) where the cache is off.  Fails if a
# value is kept from before the answer was known.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*'       => { body => 'rows' },
    '/short'   => { body => 'rows', headers =>
        ['Cache-Control' => 'max-age=1'] },
    '/private' => { body => 'rows', headers =>
        ['Cache-Control' => 'private'] },
    '/error'   => { status => 500, body => 'wrong' },
});

$t->write_file_expand('nginx.conf', <<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        disk %%TESTDIR%%/disk;
    }

    log_format cache '$uri $query_cache_status $query_cache_key '
                     '$query_cache_tier $query_cache_age '
                     '$query_cache_reason $log';

    map $query_cache_status $log {
        ""      none;
        HIT     cached;
        default upstream;
    }

    access_log %%TESTDIR%%/cache.log cache;

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        add_header X-Status "[$query_cache_status]" always;
        add_header X-Key    "[$query_cache_key]" always;
        add_header X-Tier   "[$query_cache_tier]" always;
        add_header X-Age    "[$query_cache_age]" always;
        add_header X-Reason "[$query_cache_reason]" always;

        location / {
            query_cache        z;
            query_cache_valid  200 10m;
            query_cache_bypass $arg_bypass;
            proxy_pass         http://127.0.0.1:%%PORT_up%%;
        }

        location /off {
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /return {
            return 200 "[$query_cache_status][$query_cache_key]";
        }

        location = /stats {
            access_log        off;
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

# The answer's fields are those of the moment its header was sent: why it is
# not stored may only be known later, and is in the log.

sub get {
    my ($uri, %o) = @_;

    my $r = $t->request($o{method} // 'GET', $uri, %o);

    return join ' ', map { $r->header("X-$_") =~ s/^\[(.*)\]$/$1/r }
        qw/Status Key Tier Age Reason/;
}

my $lines = 0;

sub logged {
    $lines++;

    return '' unless wait_until(sub {
        return $lines == (my @all = split /\n/,
            slurp($t->testdir . '/cache.log'));
    });

    return (split /\n/, slurp($t->testdir . '/cache.log'))[-1];
}

my $key = qr/[0-9a-f]{64}/;

like(get('/a'), qr/^MISS $key   absent$/, 'a miss');
like(logged(), qr{^/a MISS $key - - absent upstream$}, 'a miss, logged');
ok($t->wait_stats('/stats', 'store', 'stored', 1), 'stored');

like(get('/a'), qr/^HIT $key disk [0-5] $/, 'a hit');
like(logged(), qr{^/a HIT $key disk [0-5] - cached$}, 'a hit, logged');

like(get('/a', method => 'HEAD'), qr/^HIT $key disk [0-5] $/, 'HEAD');
like(logged(), qr{^/a HIT $key disk [0-5] - cached$}, 'HEAD, logged');

like(get('/a?bypass=1'), qr/^BYPASS $key   bypass_rule$/, 'a bypass');
like(logged(), qr{^/a BYPASS $key - - bypass_rule upstream$}, 'logged');

like(get('/a', method => 'POST'), qr/^BYPASS    method$/, 'a method');
like(logged(), qr{^/a BYPASS - - - method upstream$}, 'a method, logged');

like(get('/private'), qr/^MISS $key   \w+$/, 'private');
like(logged(), qr{^/private MISS $key - - cache_control upstream$}, 'logged');

like(get('/error'), qr/^MISS $key   \w+$/, 'an error');
like(logged(), qr{^/error MISS $key - - \w+ upstream$}, 'an error, logged');

my $stored = $t->stats('/stats', 'store', 'stored');
like(get('/short'), qr/^MISS $key   absent$/, 'a short life');
logged();
ok($t->wait_stats('/stats', 'store', 'stored', $stored + 1), 'stored');

my $said;
ok(wait_until(sub { ($said = get('/short')) =~ /^EXPIRED/ }), 'it ends');
like($said, qr/^EXPIRED $key   stale$/, 'expired');

is(get('/off'), '    ', 'off');
ok(wait_until(sub { slurp($t->testdir . '/cache.log')
    =~ m{^/off - - - - - none$}m }), 'off, logged');
is($t->get('/return')->body, '[][]', 'off, in a text');

done_testing();
