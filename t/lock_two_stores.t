#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# While what a run beside the fill has said is being stored, the fill ends,
# or the other way round.  One of the two answers is stored, and others have
# that one, even if it cannot be.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Collapse;
use QC::FakeS3;
use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $s3 = QC::FakeS3->start(port => port('s3'));

my $up = QC::Upstream->start(port => port('up'), routes => {
    (map { my $name = $_; ("/$name" => sub {
        my ($req, $n) = @_;
        return { body => "$name $n", headers => [fresh()],
            $n < 3 ? (gate => "$name-$n") : () };
    }) } qw/fill beside lost/),
});

my $conf = collapsing('', 's3 http://127.0.0.1:%%PORT_s3%% bucket=bkt ' .
    'access_key=a secret_key=s; store_retries 0; store_timeout 3s;',
    'query_cache_lock_timeout 300ms;');
$conf =~ s/(worker_processes) 2;/$1 1;/ or die;

$t->write_file_expand('nginx.conf', $conf);
$t->run;


# The answer that is stored first is that of the run N.

sub two {
    my ($name, $n) = @_;

    my $before = $t->stats('/stats', 'lock', 'held_back');

    my $fill = one($t, "/$name");
    ok($up->wait_at("$name-1"), "$name: one runs the upstream");

    my @others = crowd($t, 6, "/$name");
    ok($up->wait_at("$name-2"), "$name: another one does");
    ok($t->wait_stats('/stats', 'lock', 'held_back', $before + 5),
        "$name: others are held back");

    $s3->fault('stall', match => qr/^PUT/, gate => $name);

    $up->release("$name-$n");
    ok($s3->wait_at($name), "$name: the answer is on its way");

    my $log = $t->log_mark;
    $up->release("$name-" . (3 - $n));

    # its client has it, and whatever follows comes behind that

    my @two = $n == 2 ? $fill->read_response : ();
    $t->get('/stats') for 1 .. 3;
    is($up->hits("/$name"), 2, "$name: the other one changes nothing");

    return ($n == 2 ? () : $fill, @others);
}


for (['beside', 2], ['fill', 1]) {
    my ($name, $n) = @$_;
    my @left = two($name, $n);

    $s3->release($name);
    my @r = answers(@left);

    is(said(@r), $n == 2 ? '5 HIT, 1 MISS' : '5 HIT, 2 MISS',
        "$name: all are answered");
    is(bodies(grep { $_->header('X-Status') eq 'HIT' } @r), "$name $n",
        "$name: by what it said");
    is($up->hits("/$name"), 2, "$name: nobody else has run it");
}

my @left = two('lost', 2);
ok($t->wait_stats('/stats', 'store', 'failed', 1), 'lost: it is not stored');
is(said(answers(@left)), '5 HIT, 1 MISS', 'lost: all are answered');
is($up->hits('/lost'), 2, 'lost: nobody else has run it');
$s3->release('lost');

ok($t->quit, 'all requests have ended');

done_testing();
