#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# An object too big to be held, whose body breaks off, stalls or shows to be
# bad before there is enough of it to send something, is still answered by the
# upstream, with 200 and the right bytes: the header of a hit waits for its
# body.  Sending it as soon as S3 has answered would break this.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Body;
use QC::FakeS3;
use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);
my $s3 = QC::FakeS3->start(port => port('s3'));

# less than the decoder keeps back, and more

my %size = ('/some' => 40_000, '/more' => 500_000);
my $up = QC::Upstream->start(port => port('up'), routes => {
    map { $_ => { size => $size{$_},
        headers => ['Cache-Control' => 'max-age=600'] } } keys %size
});

$t->write_file_expand('nginx.conf', <<'EOF');

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        s3 http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;
        s3_read_timeout 200ms;
        s3_max_fails 1000;
        s3_backoff 5ms 10ms;
        hold 10k;
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

# the fault, whether it drops the entry

my @cases = (
    [['cut', at => 0], 0],
    [['cut', at => 100], 0],
    [['reset_body', at => 100], 0],
    [['hang_body', at => 0], 0],
    [['hang_body', at => 100], 0],
    [['flip', at => 0], 1],
    [['flip', at => 40], 1],
);

sub is_right {
    my ($uri, $cache, $r) = @_;

    return join(' ', $r->status, $r->error, $r->header('X-Cache') // '-',
        $r->body_md5)
        eq "200  $cache " . QC::Body->new(size => $size{$uri})->md5;
}

for my $uri (sort keys %size) {
    ok(is_right($uri, 'MISS', $t->get($uri)), "$uri: a miss");

    # what comes in one piece shows all its faults before anything is sent

    my @all = @cases;
    push @all, [['cut'], 0], [['flip'], 1], [['hang_body'], 0]
        if $uri eq '/some';

    for my $case (@all) {
        my ($fault, $drops) = @$case;
        my $name = join ' ', "$uri:", @$fault;

        ok(wait_until(sub { is_right($uri, 'HIT', $t->get($uri)) }),
            "$name: a hit at first");

        my $before = $t->stats('/stats');
        $s3->fault(@$fault, match => qr/^GET/);

        ok(is_right($uri, 'MISS', $t->get($uri)), "$name: the upstream");

        my $after = $t->stats('/stats');
        is($after->{request}{fallback}, $before->{request}{fallback} + 1,
            "$name: a fallback");
        is($after->{request}{hit}, $before->{request}{hit},
            "$name: not counted as a hit");
        is($after->{store}{dropped}, $before->{store}{dropped} + $drops,
            "$name: dropped or not");
    }
}

is($t->stats('/stats', 'request', 'broken'), 0, 'nothing broken off');

# what needs no body has none: here nginx sees that with the header

ok(wait_until(sub { is_right('/more', 'HIT', $t->get('/more')) }),
    'a hit at last');
my $r = $t->get('/more', headers => [Range => 'bytes=999999999-']);
is($r->status, 416, 'a range beyond the end');
ok(is_right('/more', 'HIT', $t->get('/more')), 'a hit after that');

done_testing();
