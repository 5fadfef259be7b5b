#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# With "query_cache_abort finish" an upstream run whose client leaves goes on:
# before its header, amid the body, with a client that does not read, buffered
# or not, in memory or through files; its answer is stored, whole.  The access
# log tells of the client, not of the answer.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Client;
use QC::Collapse;
use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $size = 3_000_000;
my $goes_on = qr/closed connection, the upstream run goes on/;
my @places = qw/memory file tight unbuffered/;
my @moments = qw/head begun body stuck chunked ended/;

sub answer {
    my ($place, $moment) = @_;

    my $gate = "$place-$moment";
    my %o = (size => $size, kind => 'random', headers => [fresh()]);

    return { %o, gate => $gate } if $moment eq 'head';
    return { %o, at => [[0, gate => $gate]] } if $moment eq 'begun';
    return { %o, at => [[$size - 1, gate => $gate]] } if $moment eq 'stuck';
    return { %o, chunked => 5000, at => [[$size / 2, gate => $gate]] }
        if $moment eq 'chunked';
    return { %o, chunked => 1, at => [[$size, gate => $gate]] }
        if $moment eq 'ended';
    return { %o, at => [[$size / 2, gate => $gate]] };
}

my $up = QC::Upstream->start(port => port('up'), routes => { map {
    my $place = $_;
    map { ("/$place/$_" => answer($place, $_)) } @moments;
} @places });

my $conf = collapsing(<<'EOC', 'store_memory 64m;', '');
    query_cache_abort finish;
    proxy_http_version 1.1;
    log_format status '$uri $status $query_cache_status $query_cache_reason.';
    access_log %%TESTDIR%%/status.log status;
EOC

$conf =~ s{(?=        location = /stats)}{join '', map { <<"EOC" }
        location /$_->[0]/ {
            query_cache z;
            $_->[1]
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

EOC
    ['memory', 'query_cache_capture_buffer 8m;'],
    ['file', 'query_cache_capture_buffer 64k; proxy_buffers 4 4k;'],
    ['tight', 'proxy_max_temp_file_size 0; proxy_buffers 4 4k;'],
    ['unbuffered', 'proxy_buffering off;']}e or die;

$t->write_file_expand('nginx.conf', $conf);
$t->run;

my ($stored, $left) = (0, 0);

sub leaves {
    my ($uri, $moment, $how) = @_;

    # one that does not read is not at the gate: nginx waits for it

    my $c = $t->client(rcvbuf => 32768);
    my $gate = $uri =~ s{^/(\w+)/(\w+)}{$1-$2}r;

    $c->send_request('GET', $uri);

    if ($moment eq 'head' or $moment eq 'begun') {
        ok($up->wait_at($gate), "$uri: under way");

    } else {
        ok($c->await(30_000), "$uri: under way");
    }

    $how eq 'reset' ? $c->reset : $c->close;
    $left++;

    ok(wait_until(sub { $t->error_log($goes_on) == $left }),
        "$uri: the client leaves, the run goes on");

    ok($up->wait_at($gate), "$uri: to the gate");
    $up->release($gate);

    ok($t->wait_stats('/stats', 'store', 'stored', ++$stored),
        "$uri: stored");
    is($up->hits($uri), 1, "$uri: by one run");
    is($up->last($uri)->{outcome}, 'done', "$uri: which was not cut off");
}

my $n = 0;

for my $place (@places) {
    for my $moment (@moments) {
        my $uri = "/$place/$moment";
        my $md5;

        leaves($uri, $moment, $n++ % 2 ? 'reset' : 'close');

        my $r = $t->get($uri);
        is($r->header('X-Status') // 'HIT', 'HIT', "$uri: a hit");
        is($up->hits($uri), 1, "$uri: nobody asks again");

        $md5 = QC::Client->new(port => port('up'))->get($uri)->body_md5;
        is($r->body_md5, $md5, "$uri: whole");
    }
}

my $stats = $t->stats('/stats');

is($stats->{abort}{finished}, $left, 'each was finished');
is($stats->{abort}{cancelled}, 0, 'none was cancelled');
is($stats->{reason}{incomplete}, 0, 'none was incomplete');
is($stats->{cancel}{made}, 0, 'nobody was told');

my $log = slurp($t->testdir . '/status.log');

is(scalar(() = $log =~ m{^/\w+/head 499 MISS absent\.$}mg), scalar @places,
    'before the header: 499');
is(scalar(() = $log =~ m{^/\w+/body 200 MISS absent\.$}mg), scalar @places,
    'in the body: as nginx has it');

done_testing();
