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
    map { $_ => { size => $size{$_}, kind => 'random',
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

my $stored = 0;

# stores anew; returns the file's path

sub stored {
    my ($uri) = @_;

    $redis->cli('FLUSHALL');
    $s3->delete($_) for $s3->keys;
    unlink files();
    $s3->clear;

    like(from($uri), qr/^MISS/, "$uri: a miss");
    ok($t->wait_stats('/stats', 'store', 'stored', ++$stored),
        "$uri: stored");

    return (files())[0];
}

# ways to break a file, and where the answer is from then; what is streamed
# when the fault shows cannot be taken back

sub flipped {
    my ($bytes, $at) = @_;

    substr($bytes, $at, 1) ^= "\xff";
    return $bytes;
}

my @broken = (
    ['gone', undef, 'HIT s3', 'HIT s3'],
    ['empty', sub { '' }, 'HIT s3', 'HIT s3'],
    ['short', sub { substr $_[0], 0, -1 }, 'HIT s3', 'HIT s3'],
    ['long', sub { $_[0] . 'x' }, 'HIT s3', 'HIT s3'],
    ['its header', sub { flipped($_[0], 70) }, 'HIT s3', 'HIT s3'],
    ['its body', sub { flipped($_[0], length($_[0]) / 2) }, 'HIT s3',
        'wrong'],
    ['its end', sub { flipped($_[0], -1) }, 'HIT s3', 'wrong'],
);

for my $uri (sort keys %size) {
    my $file = stored($uri);
    my @keys = $s3->keys;

    is(scalar @keys, 1, "$uri: one object");
    is(substr($file, length "$disk/"), substr($keys[0], length '/b/'),
        "$uri: of the name of the file");

    $s3->refuse;
    $s3->drop;
    is(from($uri), 'HIT disk', "$uri: a hit from the disk, $_") for 1 .. 3;
    $s3->accept;
    is($s3->count(qr/^GET/), 0, "$uri: s3 was not asked");

    for my $case (@broken) {
        my ($how, $code, @from) = @$case;
        my $name = "$uri: $how";

        $file = stored($uri);
        $code ? spew($file, $code->(slurp($file))) : unlink $file;

        is(from($uri), $from[$uri eq '/big'], $name);
        ok(wait_until(sub { !-e $file }), "$name: the file is removed");
        is(from($uri), 'HIT s3', "$name: from s3 then");
        is($redis->cli('DBSIZE'), 1, "$name: the entry stays");
    }

    # gone from both

    $file = stored($uri);
    unlink $file;
    $s3->delete($_) for $s3->keys;
    like(from($uri), qr/^MISS/, "$uri: gone from both");
    ok($t->wait_stats('/stats', 'store', 'stored', ++$stored),
        "$uri: stored again");
    is(from($uri), 'HIT disk', "$uri: a hit again");

    # a disk that takes nothing

    stored($uri);
    remove_tree("$disk/1");
    spew("$disk/1", 'in the way');
    $redis->cli('FLUSHALL');
    like(from($uri), qr/^MISS/, "$uri: a miss, the disk fails");
    ok($t->wait_stats('/stats', 'store', 'stored', ++$stored),
        "$uri: stored in spite of it");
    is(from($uri), 'HIT s3', "$uri: in s3");
    unlink "$disk/1";

    # an s3 that takes nothing

    stored($uri);
    unlink files();
    $redis->cli('FLUSHALL');
    my $failed = $t->stats('/stats', 'store', 'failed');

    $s3->fault('status', status => 500, times => 0, match => qr/^PUT/);
    like(from($uri), qr/^MISS/, "$uri: a miss, s3 fails");
    ok($t->wait_stats('/stats', 'store', 'failed', $failed + 1),
        "$uri: not stored");
    is($redis->cli('DBSIZE'), 0, "$uri: not published");
    is(scalar(my @files = files()), 0, "$uri: nor left on the disk");
    $s3->clear_faults;
}

done_testing();
