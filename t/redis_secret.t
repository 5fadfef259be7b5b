#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# A password never gets into the log, whatever the server answers to it:
# accepted, wrong, without one, or repeated by a server that does not know
# AUTH.  The cause is logged, once.  Fails if an answer to AUTH, or the URL,
# is logged as it is.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::FakeRedis;
use QC::FakeS3;
use QC::Nginx;
use QC::Services qw/redis/;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache debug/);

my $secret = 'Tr0ub4dor';
my $echo = "ERR unknown command `AUTH`, with args beginning with: `$secret`,";

my $redis = redis(password => 'other');
my $open = redis();
my $acl = redis(user => 'edge', password => $secret,
    conf => ['user reader on >' . $secret . ' ~* &* -@all +ping +client']);
my $fake = QC::FakeRedis->start;
$fake->fault('error', text => $echo, match => qr/^AUTH/, times => 0);
my $rude = QC::FakeRedis->start;
$rude->fault('garbage', bytes => "$secret\r\n$secret\r\n", match => qr/^AUTH/,
    times => 0);

my $s3 = QC::FakeS3->start(port => port('s3'));
my $up = QC::Upstream->start(port => port('up'),
    routes => { '/*' => { body => 'rows' } });

# zone: user, server, what is logged

my %zones = (
    wrong   => ['', $redis, qr/it answered "WRONGPASS \.\.\." to AUTH/],
    without => ['', $open, qr/it answered "ERR \.\.\." to AUTH/],
    nobody  => ['nobody', $open, qr/it answered "WRONGPASS \.\.\." to AUTH/],
    reader  => ['reader', $acl, qr/it answered "NOPERM /],
    echo    => ['', $fake, qr/it answered "ERR \.\.\." to AUTH/],
    rude    => ['', $rude, qr/protocol error/],
    good    => ['edge', $acl, undef],
);

my $zones = join '', map { <<"EOF" } sort keys %zones;
    query_cache_zone $_ {
        redis redis://$zones{$_}[0]:$secret\@127.0.0.1:@{[$zones{$_}[1]->port]};
        redis_backoff 10ms 20ms;
        memory 1m;
        s3 http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;
    }
EOF

my $locations = join '', map { <<"EOF" } sort keys %zones;
        location /$_ {
            query_cache $_;
            proxy_pass  http://127.0.0.1:%%PORT_up%%;
        }
        location = /stats/$_ {
            query_cache_admin $_;
        }
EOF

$t->write_file_expand('nginx.conf', <<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    add_header        X-Status \$query_cache_status;
    query_cache_valid 10m;

$zones
    server {
        listen 127.0.0.1:%%PORT_8080%%;

$locations
    }
}

EOF

$t->run;

for my $zone (sort keys %zones) {
    my $log = $zones{$zone}[2];

    for (1 .. 2) {
        my $r = $t->get("/$zone");
        is($r->status . ' ' . $r->body, '200 rows', "$zone: the answer");
    }

    if (!$log) {
        ok($t->wait_stats("/stats/$zone", 'store', 'stored', 1),
            "$zone: stored");
        is($t->get("/$zone")->header('X-Status'), 'HIT', "$zone: a hit");
        next;
    }

    ok($t->wait_stats("/stats/$zone", 'redis', 'down', 1),
        "$zone: set aside");
    is($t->stats("/stats/$zone", 'redis',
        $zone eq 'rude' ? 'protocol_errors' : 'errors') > 0, 1,
        "$zone: counted");

    my @lines = $t->error_log(qr/is set aside.*query cache zone "$zone"/);
    is(scalar @lines, 1, "$zone: logged once");
    like($lines[0], $log, "$zone: with the cause");
}

ok($t->reload, 'reload');
is($t->get('/good')->header('X-Status'), 'HIT', 'good: a hit');

is(index($t->error_log, $secret), -1, 'no password in the debug log');

done_testing();
