#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# With a disk in front of S3 a body is stored in both, S3 first; hits come from
# the disk and S3 is not asked.  A file that is gone, broken or short is no
# loss: S3 has the body.  A disk that fails costs nothing but speed; an S3 that
# fails publishes nothing, whatever is on the disk.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use File::Find qw/find/;
use File::Path qw/remove_tree/;

use QC::Body;
use QC::FakeS3;
use QC::Nginx;
use QC::Services qw/redis/;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);
my $s3 = QC::FakeS3->start(port => port('s3'));
my $redis = redis();

my %size = ('/small' => 2000, '/big' => 200_000);
my $up = QC::Upstream->start(port => port('up'), routes => {
    map { $_ => { size => $size{$_ =~ s/\*//r}, kind => 'random',
        headers => ['Cache-Control' => 'max-age=600'] } } keys %size
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
        disk %%TESTDIR%%/disk;
        hold 10k;
        store_retries 0;
        s3_max_fails 1000;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            query_cache z;
            add_header X-From "\$query_cache_status \$query_cache_tier"
                always;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /stats {
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

my $disk = $t->testdir . '/disk';

sub files {
    my @files;

    find(sub { push @files, $File::Find::name if -f }, "$disk/1")
        if -d "$disk/1";

    return @files;
}

# where the answer came from: "MISS -", "HIT disk", "HIT s3", or "wrong"

sub from {
    my ($uri) = @_;

    my $r = $t->get($uri);
    my $md5 = QC::Body->new(size => $size{$uri}, kind => 'random')->md5;

    return $r->status == 200 && $r->body_md5 eq $md5
        ? $r->header('X-From') : 'wrong';
}

sub forget_all {
    $redis->cli('FLUSHALL');
    $s3->delete($_) for $s3->keys;
    unlink files();
    $s3->clear;
}

my $stored = 0;

for my $uri (sort keys %size) {
    forget_all();

    like(from($uri), qr/^MISS/, "$uri: a miss");
    ok($t->wait_stats('/stats', 'store', 'stored', ++$stored),
        "$uri: stored");
    my ($file) = files();
    is(scalar(my @files = files()), 1, "$uri: on the disk");
    is(scalar(my @keys = $s3->keys), 1, "$uri: and in s3");
    is(substr($file, length "$disk/"), substr($keys[0], length '/b/'),
        "$uri: of the same name");

    is(from($uri), 'HIT disk', "$uri: a hit from the disk");

    $s3->refuse;
    $s3->drop;
    is(from($uri), 'HIT disk', "$uri: even without s3");
    $s3->accept;
    is($s3->count(qr/^GET/), 0, "$uri: which was not asked");

    # broken in ways that show before the body, in it and at its end

    my $bytes = slurp($file);
    my $middle = int(length($bytes) / 2);

    my %broken = (
        'a flipped byte' => $bytes =~ s/^(.{$middle})(.)/$1 . ~$2/ser,
        'a flipped byte in its header' => $bytes =~ s/^(.{70})(.)/$1 . ~$2/ser,
        'too short' => substr($bytes, 0, -1),
        'too long' => $bytes . 'x',
        'empty' => '',
    );

    for my $how (sort keys %broken) {
        spew($file, $broken{$how});
        my $got = from($uri);

        # what is streamed already cannot be taken back
        next if $how eq 'a flipped byte' && $size{$uri} > 10_000;

        is($got, 'HIT s3', "$uri: $how: a hit from s3");
    }

    unlink $file;
    is($redis->cli('DBSIZE'), $size{$uri} > 10_000 ? 0 : 1,
        "$uri: the index");
}

done_testing();
