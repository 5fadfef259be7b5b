#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Many requests for a few URIs, whose answers are of any size, some broken, to
# clients that are slow, or leave amid the body, while the store stalls and
# fails at random: whoever stays has all of an answer, or the failure of his
# own run of the upstream, and once all have left nothing of it is held.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Body;
use QC::Collapse;
use QC::FakeS3;
use QC::Nginx;
use QC::Upstream;
use QC::Util qw/slow/;

use constant {
    ROUNDS  => 25,
    CLIENTS => 40,
};

my $seed = $ENV{QC_SEED} // time;
diag("seed $seed");
srand $seed;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $s3 = QC::FakeS3->start(port => port('s3'));
my $up = QC::Upstream->start(port => port('up'), routes => {
    '/last' => { size => 1_900_000, kind => 'random', headers => [fresh()] },
    '/*' => sub {
        my ($req) = @_;
        my ($size) = $req->{path} =~ /-(\d+)$/;
        my $what = rand;

        return { size => $size, seed => $req->{path}, kind => 'random',
            delay => rand 0.1,
            headers => ['Cache-Control' => 'max-age=' . (rand() < 0.8) * 60,
                ETag => '"e"', 'Cache-Groups' => '"g"'],
            $what < 0.5 ? (chunked => 1) : (),
            $what > 0.9 ? (cut => int rand $size) : () };
    },
});

my $conf = one_worker('', <<'CONF', <<'CONF2');
s3 http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;
        s3_max_fails 1000;
        s3_read_timeout 1s;
        store_memory 2m;
        store_temp_size 2m;
        store_retries 1;
        store_concurrency 2;
        store_timeout 3s;
CONF
query_cache_capture_buffer 64k;
            query_cache_hit_for_miss 0;
            query_cache_lock_timeout 300ms;
            query_cache_lock_age 1s;
            proxy_http_version 1.1;
            proxy_next_upstream off;
CONF2

$conf =~ s/8080%% reuseport/8080%% sndbuf=64k reuseport/ or die;

$t->write_file_expand('nginx.conf', $conf);
$t->run;

my (%wrong, %seen);

for my $round (1 .. ROUNDS) {
    my @clients;
    my @uris = map { "/$round-$_-" . int 10 ** (2 + rand 3.9) } 1 .. 3;

    $s3->fault(@$_, match => qr/^PUT/, times => 1 + int rand 2) for grep {
        rand() < 0.4 } ['status', status => 500], ['reset'],
        ['drip', bytes => 10], ['hang'];

    for (1 .. CLIENTS) {
        my $uri = $uris[rand @uris];
        my $c = $t->client(timeout => 20 * slow(),
            rand() < 0.5 ? (rcvbuf => 131_072) : ());

        $c->send_request('GET', $uri, headers =>
            [rand() < 0.1 ? ('If-None-Match' => '"e"') : ()]);
        push @clients, [$c, $uri];

        # some come when the answer is there

        $c->readable(0.2) if rand() < 0.05;
    }

    # some do not read for a while, some never

    for (sort { rand() <=> 0.5 } @clients) {
        my ($c, $uri) = @$_;

        if (rand() < 0.2) {
            $c->readable(1) if rand() < 0.7;
            $c->reset;
            next;
        }

        my ($size) = $uri =~ /-(\d+)$/;
        my $body = QC::Body->new(size => $size, seed => $uri,
            kind => 'random');
        my $r = $c->read_response;
        my $status = $r->header('X-Status') // '-';

        $seen{$status}++;

        next if $r->status == 304 && !$r->error;
        next if $r->status == 200 && !$r->error && $r->body eq $body->bytes;
        next if $status =~ /MISS|EXPIRED/ && ($r->status == 502
            || $r->error && $r->body eq $body->read(0, length $r->body));

        $wrong{"$status " . $r->status . ' ' . $r->error}++;
    }
}

is_deeply(\%wrong, {}, 'no answer is wrong, or cut but by the upstream');
ok($seen{HIT} && $seen{MISS}, 'some collapse') or diag(explain(\%seen));

my $said = $t->stats('/stats');
ok($said->{lock}{$_}, "$_: reached") for qw/waited collapsed live unstored/;
ok($said->{store}{$_}, "store $_: reached") for qw/stored retried failed/;

# all that may be held is free

$s3->clear_faults;
ok(wait_until(sub {
    return $t->get('/last')->header('X-Status') eq 'HIT';
}, 20), 'nothing is held in the end');

ok($t->quit, 'all requests have ended');

done_testing();
