#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# A store ends at its deadline, whatever it waits for: S3's answer, S3 taking
# the body, the next attempt, its turn.  Nothing is published, even if S3
# confirms later, and the place it had is free again.  A store without an end
# would hold its memory, its place and a worker that is to leave.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::FakeS3;
use QC::Nginx;
use QC::Services qw/redis/;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);
my $s3 = QC::FakeS3->start(port => port('s3'));
my $redis = redis();

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/big' => { size => 8_000_000, kind => 'random',
        headers => ['Cache-Control' => 'max-age=600'] },
    '/*' => { body => 'small', headers => ['Cache-Control' => 'max-age=600'] },
});

$t->write_file_expand('nginx.conf', <<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        redis @{[$redis->url]};
        s3 http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;
        s3_read_timeout 1h;
        s3_send_timeout 1h;
        s3_max_fails 1000;
        s3_backoff 5ms 10ms;
        store_timeout 500ms;
        store_concurrency 1;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            query_cache z;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /stats {
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

sub is_back {
    my ($name) = @_;

    ok(wait_until(sub {
        my @back = $t->error_log(qr/is back in query cache zone/);
        return @back == $t->stats('/stats', 's3', 'down');
    }), "$name: s3 is back");
}

my $deadline = 0;

for my $case (['/a', 'stall'], ['/b', 'unread'], ['/big', 'unread'],
              ['/big', 'stall'])
{
    my ($uri, $fault) = @$case;
    my $name = "$uri, $fault";

    $s3->clear;
    $s3->fault($fault, gate => $name, match => qr/^PUT/);

    is($t->get($uri)->status, 200, "$name: the answer");
    ok($s3->wait_at($name), "$name: s3 waits");
    ok($t->wait_stats('/stats', 'store', 'deadline', ++$deadline),
        "$name: the deadline");
    is($t->stats('/stats', 'store', 'failed'), $deadline, "$name: failed");
    is($redis->cli('DBSIZE'), 0, "$name: not published");

    # the connection is closed; what s3 does then is its own affair

    is_back($name);
    $s3->release($name);
    ok(wait_until(sub { $s3->last(qr/^PUT/)->{outcome} }), "$name: released");
    is($redis->cli('DBSIZE'), 0, "$name: not published then");
}

# while they wait for their turn: the first one's end sets s3 aside

$s3->clear;
$s3->fault('stall', gate => 'turn', match => qr/^PUT/);
$t->get('/first');
ok($s3->wait_at('turn'), 'the only place is taken');
$t->get("/later/$_") for 1 .. 3;
ok($t->wait_stats('/stats', 'store', 'failed', $deadline + 4),
    'all of them end');
is($s3->count(qr/^PUT/), 1, 'those that waited were not tried');
is_back('the turn');

# and there is room for others

$t->get('/last');
ok($t->wait_stats('/stats', 'store', 'stored', 1), 'the next one is stored');
is($redis->cli('DBSIZE'), 1, 'and published');

is(scalar(my @lines = $t->error_log(qr/not stored by its deadline/)), 1,
    'deadlines are logged once');

$s3->fault('stall', gate => 'never', times => 1, match => qr/^PUT/);
$t->get('/leaving');
ok($s3->wait_at('never'), 'a store is under way');
ok($t->quit(4), 'a worker that is to leave does so');

done_testing();
