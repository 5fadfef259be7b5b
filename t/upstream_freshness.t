#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# How long an answer is fresh: X-Accel-Expires before Cache-Control (s-maxage
# before max-age) before Expires (by the upstream's own Date) before
# query_cache_valid; less the Age it came with, where that is the upstream's;
# without any of them it is not stored.  A wrong order or clock would serve
# old results, or none.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use POSIX qw/strftime/;

use QC::Nginx;
use QC::Redis;
use QC::FakeS3;
use QC::Upstream;

my $now = time();

sub date {
    return strftime('%a, %d %b %Y %H:%M:%S GMT', gmtime($now + $_[0]));
}

my @expires = (Expires => date(700));

# name, lifetime (0: not stored), header fields

my @cases = (
    ['nothing', 0],
    ['max-age', 500, 'Cache-Control' => 'max-age=500'],
    ['s-maxage', 400, 'Cache-Control' => 'max-age=500, s-maxage=400'],
    ['s-maxage first', 400, 'Cache-Control' => 's-maxage=400, max-age=500'],
    ['two fields', 400, 'Cache-Control' => 'max-age=500',
        'Cache-Control' => 's-maxage=400'],
    ['max-age 0', 0, 'Cache-Control' => 'max-age=0'],
    ['s-maxage 0', 0, 'Cache-Control' => 'max-age=500, s-maxage=0'],
    ['max-age not a number', 0, 'Cache-Control' => 'max-age=x', @expires],
    ['public alone', 0, 'Cache-Control' => 'public'],
    ['Expires', 700, @expires],
    ['Expires, Date', 700, @expires, Date => date(0)],
    ['clock ahead', 100, Expires => date(3700), Date => date(3600)],
    ['clock behind', 100, Expires => date(-3500), Date => date(-3600)],
    ['Expires now', 0, Expires => date(0), Date => date(0)],
    ['Expires past', 0, Expires => date(-100)],
    ['Expires 0', 0, Expires => '0'],
    ['Expires -1', 0, Expires => '-1'],
    ['max-age before Expires', 500, 'Cache-Control' => 'max-age=500',
        @expires],
    ['max-age 0 before Expires', 0, 'Cache-Control' => 'max-age=0', @expires],
    ['X-Accel-Expires', 300, 'X-Accel-Expires' => 300],
    ['X-Accel-Expires 0', 0, 'X-Accel-Expires' => 0,
        'Cache-Control' => 'max-age=500'],
    ['X-Accel-Expires @', 300, 'X-Accel-Expires' => '@' . ($now + 300)],
    ['X-Accel-Expires @ past', 0, 'X-Accel-Expires' => '@' . ($now - 1)],
    ['X-Accel-Expires off', 0, 'X-Accel-Expires' => 'off',
        'Cache-Control' => 'max-age=500'],
    ['X-Accel-Expires first', 300, 'X-Accel-Expires' => 300,
        'Cache-Control' => 'max-age=500', @expires],
    ['Age', 450, 'Cache-Control' => 'max-age=500', Age => 50],
    ['Age, Expires', 650, Age => 50, @expires, Date => date(0)],
    ['Age over it', 0, 'Cache-Control' => 'max-age=500', Age => 500],
    ['Age not a number', 500, 'Cache-Control' => 'max-age=500', Age => 'x'],
    ['for ever', 365 * 86400, 'Cache-Control' => 'max-age=99999999999'],
);

my %routes = map { +"/$_" => { body => "body $_", headers => [
    @{$cases[$_]}[2 .. $#{$cases[$_]}]] } } 0 .. $#cases;

my $up = QC::Upstream->start(port => port('up'), routes => \%routes);
my $s3 = QC::FakeS3->start(port => port('s3'));
my $redis = QC::Redis->start;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

$t->write_file_expand('nginx.conf', <<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        redis ${\$redis->url};
        s3 http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        add_header X-Status "\$query_cache_status \$query_cache_reason";
        add_header X-Key \$query_cache_key;

        location / {
            query_cache z;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /valid/ {
            query_cache z;
            query_cache_valid 600;
            proxy_pass http://127.0.0.1:%%PORT_up%%/;
        }

        location = /query_cache {
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

my ($stored, $refused) = (0, 0);

for my $where ('', '/valid') {
    for my $n (0 .. $#cases) {
        my ($name, $lifetime, @headers) = @{$cases[$n]};

        $name .= ', valid' if $where;
        $lifetime = 600 if $where && $name =~ /^(?:nothing|public alone)/;

        my $r = $t->get("$where/$n");
        is($r->body, "body $n", "$name: passed on");

        if (!$lifetime) {
            is($r->header('X-Status'), 'MISS freshness', "$name: not stored");
            $refused++;
            next;
        }

        ok($t->wait_stats('/query_cache', 'store', 'stored', ++$stored),
            "$name: stored");

        my ($born, $ttl) = map { $redis->cli('HGET',
            'qc:' . $r->header('X-Key'), $_) } qw/created_at ttl/;
        my $left = $born + $ttl - time();
        cmp_ok(abs($left - $lifetime), '<=', 5, "$name: for $lifetime s")
            or diag($left);
    }
}

is($t->stats('/query_cache', 'reason', 'freshness'), $refused, 'the reason');
is($t->stats('/query_cache', 'store', 'stored'), $stored, 'nothing else');

done_testing();
