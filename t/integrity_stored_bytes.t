#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Whatever is in the bucket under the name of an object, with the metadata of
# that object (flipped bytes, zeros, another body, one that is longer or
# shorter, none), no client has a wrong answer that ends well: a held one is
# the upstream's, a streamed one is right or broken off.  What fails its checks
# is deleted and stored anew.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Body;
use QC::Nginx;
use QC::Services qw/redis rgw/;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);
my $s3 = rgw();
my $redis = redis();

my %size = (held => 3000, streamed => 150_000);

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => sub {
        my ($coding, $how) = $_[0]{path} =~ m{^/(\w+)/(\w+)};
        return { size => $size{$how}, seed => $coding,
            headers => ['Cache-Control' => 'max-age=600'] };
    },
});

my $locations = join '', map { <<"EOF" } qw/zstd gzip none/;
        location /$_/ {
            query_cache z;
            query_cache_compress $_;
            add_header X-Cache \$query_cache_status always;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }
EOF

$t->write_file_expand('nginx.conf', <<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        redis @{[$redis->url]};
        s3 @{[$s3->endpoint]} bucket=@{[$s3->bucket]}
           access_key=@{[$s3->access]} secret_key=@{[$s3->secret]};
        s3_max_fails 1000;
        hold 10k;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;

$locations

        location = /stats {
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

sub flipped {
    my ($bytes, $at) = @_;

    substr($bytes, int $at, 1) ^= "\x10";
    return $bytes;
}

# name, what is made of the bytes, whether that shows in the length

my @changes = (
    (map { my $at = $_; ["byte $at", sub { flipped($_[0], $at) }, 0] }
        0, 4, 10, 20, -1, -5),
    (map { my $part = $_; ["byte at $part",
        sub { flipped($_[0], $part * length $_[0]) }, 0] }
        0.3, 0.9),
    ['zeros', sub { "\0" x length $_[0] }, 0],
    ['a hole', sub { my $n = length($_[0]) - 300;
        substr($_[0], 0, $n) . "\0" x 300 }, 0],
    ['swapped', sub { my $n = length($_[0]) / 2;
        substr($_[0], $n) . substr $_[0], 0, $n }, 0],
    ['short', sub { substr $_[0], 0, -1 }, 1],
    ['half', sub { substr $_[0], 0, length($_[0]) / 2 }, 1],
    ['empty', sub { '' }, 1],
    ['long', sub { $_[0] . "\0" }, 1],
    ['twice', sub { $_[0] x 2 }, 1],
);

my $stored = 0;

for my $coding (qw/zstd gzip none/) {
    for my $how (qw/held streamed/) {
        my $uri = "/$coding/$how";
        my $body = QC::Body->new(size => $size{$how}, seed => $coding);

        is($t->get($uri)->body_md5, $body->md5, "$uri: a miss");
        ok($t->wait_stats('/stats', 'store', 'stored', ++$stored),
            "$uri: stored");

        for my $change (@changes) {
            my ($what, $code, $shows) = @$change;
            my $name = "$uri: $what";

            is($t->get($uri)->header('X-Cache'), 'HIT', "$name: a hit first");

            my ($key) = split /\n/, $redis->cli('KEYS', '*');
            my $id = $redis->cli('HGET', $key, 's3_path');
            my $object = $s3->call('get_object', Key => $id);
            is($redis->cli('HGET', $key, 'compression'), $coding,
                "$name: the coding");

            $s3->put($id, $code->($object->{Body}),
                Metadata => $object->{Metadata});

            my $before = $t->stats('/stats');
            my $r = $t->get($uri);
            my $right = $r->body_md5 eq $body->md5;
            my $after = $t->stats('/stats');

            is($r->status, 200, "$name: 200") if $r->error eq '';

            # a byte that no check covers changes nothing, as gzip's date

            if ($r->error eq '' && $r->header('X-Cache') eq 'HIT') {
                ok($right && $coding eq 'gzip', "$name: harmless");
                $s3->put($id, $object->{Body},
                    Metadata => $object->{Metadata});
                next;
            }

            # what is streamed is broken off once something of it is out

            if ($how eq 'held' || $shows || $r->error eq '') {
                is($r->error, '', "$name: whole");
                ok($right, "$name: right");
                is($r->header('X-Cache'), 'MISS', "$name: of the upstream");

            } else {
                isnt($r->error, '', "$name: broken off");
                ok(wait_until(sub { !$redis->cli('EXISTS', $key) }),
                    "$name: dropped");
                $t->get($uri);
            }

            is($after->{store}{dropped}, $before->{store}{dropped} + !$shows,
                "$name: dropped or not");
            ok($t->wait_stats('/stats', 'store', 'stored', ++$stored),
                "$name: stored again");
            ok(wait_until(sub { !$s3->head($id) }), "$name: deleted")
                unless $shows;
        }

        $redis->cli('FLUSHALL');
    }
}

done_testing();
