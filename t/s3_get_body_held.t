#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# A held hit whose body breaks off in S3, stalls there, comes too slowly or
# fails its checks is answered by the upstream with 200 and the right bytes:
# nothing was sent before.  Only failed checks drop the entry, and the answer
# that is stored then is served again.  Sending what has come, or a limit that
# does not hold while bytes trickle in, would break this.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Body;
use QC::FakeS3;
use QC::Nginx;
use QC::Services qw/redis/;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);
my $s3 = QC::FakeS3->start(port => port('s3'));
my $redis = redis();

my $body = QC::Body->new(size => 300_000);
my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => { size => 300_000, headers => ['Cache-Control' => 'max-age=600'] },
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
        s3_read_timeout 200ms;
        s3_max_fails 1000;
        s3_backoff 10ms 20ms;
        hold_timeout 500ms;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            query_cache z;
            query_cache_compress \$coding;
            add_header X-Cache \$query_cache_status always;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /stats {
            query_cache_admin z;
        }
    }
}

EOF

my $conf = $t->testdir . '/nginx.conf';
my $text = slurp($conf);

sub configure {
    my ($coding) = @_;

    spew($conf, $text =~ s/\$coding/$coding/r);
}

# fault and its parameters, the counter, whether the entry goes

my @cases = (
    ['cut', [], 's3', 'unreachable', 0],
    ['reset_body', [], 's3', 'unreachable', 0],
    ['hang_body', [], 's3', 'timeouts', 0],
    ['drip', [bytes => 1000, seconds => 0.04], 's3', 'timeouts', 0],
    ['flip', [], 'reason', 'corrupt', 1],
    ['flip', [at => 0], 'reason', 'corrupt', 1],
    ['flip', [at => -1], 'reason', 'corrupt', 1],
);

sub state_of {
    my ($r) = @_;

    return join ' ', $r->status, $r->header('X-Cache') // '-',
        $r->error || 'whole', $r->body_md5;
}

my $md5 = $body->md5;
my $runs = 0;

for my $coding (qw/zstd gzip none/) {
    configure($coding);
    $runs++ ? ok($t->reload, 'reload') : $t->run;
    $redis->cli('FLUSHALL');

    is(state_of($t->get('/')), "200 MISS whole $md5", "$coding: a miss");

    for my $case (@cases) {
        my ($fault, $more, $group, $counter, $dropped) = @$case;
        my $name = join ' ', "$coding:", $fault, @$more;

        ok(wait_until(sub {
            state_of($t->get('/')) eq "200 HIT whole $md5"
        }), "$name: a hit at first");

        my %more = @$more;
        my ($key) = $redis->cli('KEYS', '*');
        is($redis->cli('HGET', $key, 'compression'), $coding,
            "$name: the coding");

        my $length = $redis->cli('HGET', $key, 'stored');
        $more{at} += $length if ($more{at} // 0) < 0;

        my $before = $t->stats('/stats');
        $up->clear;

        $s3->fault($fault, %more, match => qr/^GET/);
        my $r = $t->get('/');

        is(state_of($r), "200 MISS whole $md5", "$name: a miss");
        is($up->hits('/'), 1, "$name: of the upstream");
        cmp_ok($r->elapsed, '<', 2, "$name: in time") if $fault eq 'drip';

        my $after = $t->stats('/stats');
        is($after->{$group}{$counter}, $before->{$group}{$counter} + 1,
            "$name: $counter");
        is($after->{request}{fallback}, $before->{request}{fallback} + 1,
            "$name: a fallback");
        is($after->{store}{dropped}, $before->{store}{dropped} + $dropped,
            "$name: dropped or not");
    }
}

is(scalar(my @lines = $t->error_log(qr/failed its checks/)), 1,
    'the checks logged once');

done_testing();
