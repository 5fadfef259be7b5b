#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Under any mixture of faults of S3, with several clients at once, each answer
# is a 200 with the right bytes, or a streamed hit that is visibly broken off;
# never a 5xx, never wrong bytes that end well.  When the faults end, all is
# served from the cache again.  The mixture is the same in each run, but with
# QC_SEED=N.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Body;
use QC::FakeS3;
use QC::Nginx;
use QC::Upstream;

use constant {
    ROUNDS  => 120,
    CLIENTS => 6,
};

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);
my $s3 = QC::FakeS3->start(port => port('s3'));

my @sizes = (0, 10, 5000, 9999, 40_000, 300_000);
my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => sub {
        my ($size) = $_[0]{path} =~ /(\d+)$/;
        return { size => $size, seed => $_[0]{path},
            chunked => $size % 2 ? 1 : 0,
            headers => ['Cache-Control' => 'max-age=600'] };
    },
});

$t->write_file_expand('nginx.conf', <<'EOF');

%%TEST_GLOBALS%%

worker_processes 2;

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        s3 http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;
        s3_connect_timeout 50ms;
        s3_read_timeout 50ms;
        s3_send_timeout 50ms;
        s3_backoff 5ms 20ms;
        hold 10k;
        hold_timeout 70ms;
        store_timeout 300ms;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        query_cache z;
        add_header X-Cache $query_cache_status always;

        location /zstd/ {
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /gzip/ {
            query_cache_compress gzip;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /none/ {
            query_cache_compress none;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /stats {
            query_cache off;
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

my @faults = (
    (map { ['status', status => $_] } 301, 403, 404, 404, 500, 503),
    ['reset'], ['close'], ['hang'], ['lost'], ['garbage'],
    ['length', by => 1], ['length', by => -1],
    (map { ['cut', at => $_] } 0, 10, 3000, 20_000),
    ['cut'], ['reset_body'], ['hang_body'], ['flip'], ['flip', at => 1],
    ['body', body => ''], ['body', body => 'x' x 5000],
    ['meta', headers => { 'x-amz-meta-qc-object' => undef }],
    ['drip', bytes => 50, seconds => 0.01], ['drip', bytes => 9000],
);

my @uris = map { my $coding = $_; map { "/$coding/$_" } @sizes }
    qw/zstd gzip none/;
my %md5 = map { $_ => QC::Body->new(size => m{(\d+)$} ? $1 : 0,
    seed => $_)->md5 } @uris;

srand($ENV{QC_SEED} // 7);

my (%seen, @wrong);

# what an answer is, in a word; "broken" is allowed for streamed hits alone

sub judge {
    my ($uri, $r) = @_;

    my ($size) = $uri =~ /(\d+)$/;
    my $cache = $r->header('X-Cache') // 'none';

    return "broken $cache"
        if $r->error =~ /^(?:closed|reset)$/ && $size > 10_240
           && $cache ne 'MISS';
    return "whole $cache" if $r->error eq '' && $r->status == 200
                             && $r->body_md5 eq $md5{$uri};

    push @wrong, join ' ', $uri, $r->status, $cache, $r->error,
        $r->body_length;

    return 'wrong';
}

sub round {
    my @asked = map { [$uris[rand @uris], $t->client] } 1 .. CLIENTS;

    $_->[1]->send_request('GET', $_->[0]) for @asked;
    $seen{judge($_->[0], $_->[1]->read_response(method => 'GET'))}++
        for @asked;
}

round() for 1 .. 10;

for my $n (1 .. ROUNDS) {
    my $fault = $faults[rand @faults];
    my $match = qw/^GET ^GET ^PUT ^HEAD ^./[rand 5];

    $s3->refuse, $s3->drop if $n % 20 == 0;
    $s3->fault(@$fault, times => 1 + int rand 3, match => qr/$match/);
    round();
    $s3->accept if $n % 20 == 1;
}

is_deeply(\@wrong, [], 'no wrong answers');
diag(join ', ', map { "$_: $seen{$_}" } sort keys %seen);
cmp_ok($seen{$_} // 0, '>', 10, "there were some: $_")
    for 'whole HIT', 'whole MISS';

$s3->accept;
$s3->clear_faults;

for my $uri (@uris) {
    ok(wait_until(sub {
        my $r = $t->get($uri);
        return judge($uri, $r) eq 'whole HIT';
    }), "$uri: a hit in the end");
}

is_deeply(\@wrong, [], 'still none');

done_testing();
