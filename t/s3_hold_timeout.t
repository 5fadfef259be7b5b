#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# No client waits for the body store longer than hold_timeout before its first
# byte, whatever s3_read_timeout says: the exchange is ended, the upstream
# answers, the entry stays.  A body that only trickles in is bounded the same
# way, held or streamed.  Relying on timeouts between two reads would break
# this.

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

my %size = ('/small' => 2000, '/big' => 200_000);
my $up = QC::Upstream->start(port => port('up'), routes => {
    map { $_ => [
        { size => $size{$_}, headers => ['Cache-Control' => 'max-age=600'] },
        { body => 'upstream', headers => ['Cache-Control' => 'no-store'] },
    ] } keys %size
});

$t->write_file_expand('nginx.conf', <<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        s3 http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;
        s3_read_timeout 1h;
        s3_max_fails 1000;
        s3_backoff 10ms 20ms;
        hold 10k;
        hold_timeout 200ms;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            query_cache z;
            add_header X-Cache $query_cache_status always;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /stats {
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

is($t->get($_)->body_length, $size{$_}, "$_: a miss") for sort keys %size;
ok($t->wait_stats('/stats', 'store', 'stored', 2), 'both stored');

my @cases = (
    ['/small', 'hang'],
    ['/big', 'hang'],
    ['/small', 'stall', gate => 'never'],
    ['/small', 'hang_body'],
    ['/small', 'drip', bytes => 1, seconds => 0.05],
    ['/big', 'hang_body', at => 1000],
    ['/big', 'drip', bytes => 1, seconds => 0.05],
);

my $n = 0;

for my $case (@cases) {
    my ($uri, $fault, @more) = @$case;
    my $name = "$uri, $fault";

    ok(wait_until(sub { $t->get($uri)->header('X-Cache') eq 'HIT' }),
        "$name: a hit at first");

    $s3->fault($fault, @more, match => qr/^GET/);

    # another request on the connection is not harmed by the timer
    my $c = $t->client;
    my $r = $c->get($uri);
    is($r->status . ' ' . $r->body, '200 upstream', "$name: the upstream");
    is($c->get('/stats')->status, 200, "$name: the connection goes on");

    cmp_ok($r->elapsed, '<', 5, "$name: in time");
    is($t->stats('/stats', 'reason', 'store_timeout'), ++$n,
        "$name: counted as a timeout");
    ok(wait_until(sub { $s3->last(qr/^GET/)->{outcome} eq 'closed' }),
        "$name: the exchange is ended");
}

is($t->stats('/stats', 's3', 'timeouts'), $n, 'timeouts of s3');
is($t->stats('/stats', 'store', 'dropped'), 0, 'nothing dropped');

done_testing();
