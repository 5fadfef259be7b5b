#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Who waits beside a fill is answered when its answer is complete, and not
# when it is stored: while the store stalls, or fails; in memory and in a
# file; for 200 KB and a hundred at a time, too.  Those who come later, up to
# the end of the store, go neither upstream nor wait.

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

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my %size = (empty => 0, small => 100, edge => 32_768, memory => 200_000,
    file => 1_000_000, held => 3_000_000);

my $s3 = QC::FakeS3->start(port => port('s3'));
my $up = QC::Upstream->start(port => port('up'), routes => {
    (map { ("/$_" => { size => $size{$_}, gate => $_, headers => [fresh(),
        ETag => '"e"', 'Content-Type' => 'text/x-rows; charset=utf-8'] }) }
        keys %size),
    (map { ("/$_" => { size => $size{held}, chunked => 1,
        gate => $_, headers => [fresh()] }) } qw/chunked failed/),
    '/none' => { status => 204, gate => 'none', headers => [fresh()] },
    '/404' => { status => 404, size => 50, gate => '404',
        headers => [fresh()] },
});

$t->write_file_expand('nginx.conf', one_worker('', <<'CONF', <<'CONF2'));
s3 http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;
        store_retries 0;
        s3_read_timeout 60s;
CONF
query_cache_capture_buffer 256k;
            add_header X-Tier $query_cache_tier;
            query_cache_lock_timeout 60s;
            proxy_http_version 1.1;
CONF2

$t->run;

my $stored = 0;

sub check {
    my ($name, $n, $body, $status, $hold) = @_;

    my $fill = one($t, "/$name");
    ok($up->wait_at($name), "$name: one runs the upstream");
    my @others = crowd($t, $n, "/$name");

    if ($hold) {
        $s3->hold($name);
        $s3->fault('stall', gate => $name, match => qr/^PUT/);
    }

    my $live = $t->stats('/stats', 'lock', 'live');

    $up->release($name);
    my @r = answers($fill, @others);
    my $code = $status == 200 ? '' : " $status";

    is(said(@r), "$n HIT$code, 1 MISS$code", "$name: all are answered");
    is(join('|', sort keys %{{ map { $_->body_md5 => 1 } @r }}),
        $body->md5, "$name: by what it said");
    is($r[1]->header('X-Tier'), 'fill', "$name: not from a store")
        if $status < 400;
    like($r[1]->header('Cache-Status'), qr/; fwd=uri-miss; collapsed; ttl=\d/,
        "$name: collapsed");
    is($t->stats('/stats', 'lock', 'live'), $live + $n, "$name: counted");

    return @r;
}

for my $name (qw/empty small edge memory file chunked/) {
    my $size = $size{$name} // $size{held};
    my $body = QC::Body->new(size => $size);
    my @r = check($name, $name eq 'memory' ? 100 : 10, $body, 200, 1);

    is($r[1]->header('Content-Length'), $size, "$name: with its length");
    is($r[1]->header('Age'), 0, "$name: and age");

    if ($name ne 'chunked') {
        is($r[1]->header($_), $r[0]->header($_), "$name: and $_")
            for qw/Content-Type ETag Date Cache-Control/;
    }

    # one that comes only now

    ok($s3->wait_at($name), "$name: it is not stored");
    is($t->stats('/stats', 'store', 'stored'), $stored, "$name: yet");

    my $waited = waited($t);
    my ($r) = answers(one($t, "/$name"));
    is(said($r) . ' ' . $r->body_md5, '1 HIT ' . $body->md5,
        "$name: another one");
    is(waited($t), $waited, "$name: does not wait");
    like($r->header('Cache-Status'), qr/; fwd=uri-miss; collapsed/,
        "$name: it is collapsed");

    is($t->head("/$name")->header('X-Status'), 'MISS', "$name: HEAD goes upstream");

    $s3->release($name);
    ok($t->wait_stats('/stats', 'store', 'stored', ++$stored),
        "$name: it is stored");

    $r = $t->get("/$name");
    is(said($r) . ' ' . $r->body_md5 . ' ' . $r->header('X-Tier'),
        '1 HIT ' . $body->md5 . ' s3', "$name: and served");
}

# without a body, and of another status

check('none', 5, QC::Body->new(size => 0), 204, 0);
check('404', 5, QC::Body->new(size => 50), 404, 0);

# what cannot be stored has been served

$s3->fault('status', status => 500, match => qr/^PUT/, times => 0);

my @r = check('failed', 20, QC::Body->new(size => $size{held}), 200, 0);
is($up->hits('/failed'), 1, 'failed: the upstream was asked once');
ok($t->wait_stats('/stats', 'store', 'failed', 1), 'failed: the store was');

done_testing();
