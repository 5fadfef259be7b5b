#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Answers from a job that has ended, to clients that are slow: what they read
# is there, and accounted for, until the last of them has it or has left; the
# stores of others go on meanwhile.  With sendfile, and files read in threads;
# over HTTP/1.0 and HTTP/2, compressed by nginx, and in a worker that is to
# leave.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Body;
use QC::Collapse;
use QC::Nginx;
use QC::Upstream;
use QC::Util qw/alive need_program slow slurp spawn/;

need_program('curl');

my $t = QC::Nginx->new->has(qw/http gzip proxy v2 threads query_cache/);

my %size = (memory => 900_000, file => 3_000_000, send => 3_000_000,
    threads => 3_000_000, packed => 900_000);

sub kind { return $_[0] eq 'packed' ? 'json' : 'random' }

my $up = QC::Upstream->start(port => port('up'), routes => {
    (map { ("/$_*" => { size => $size{$_}, gate => $_, kind => kind($_),
        headers => [fresh()] }) } keys %size),
    '/reload' => { size => 3_000_000, gate => 'reload', kind => 'random',
        headers => [fresh()] },
    '/json' => { size => 200_000, gate => 'json', headers => [fresh(),
        'Content-Type' => 'text/html'] },
    '/two' => { size => 500_000, gate => 'two', headers => [fresh()] },
});

my $conf = one_worker('', <<'CONF', <<'CONF2');
store_memory 1500k;
        store_temp_size 5m;
CONF
query_cache_capture_buffer 1m;
            query_cache_compress none;
            add_header X-Tier $query_cache_tier;
            proxy_http_version 1.1;
            proxy_buffers 64 32k;
            gzip on;
CONF2

my ($location) = $conf =~ m{(        location / \{.*?\n        \}\n)}s or die;
my $others = '';

for (['send', 'sendfile on;'], ['threads', 'aio threads;'], ['packed', '']) {
    my ($name, $directive) = @$_;
    $others .= $location =~ s{/ \{}{/$name \{\n            $directive}r;
}

$others =~ s/(packed .*?query_cache_compress) none/$1 zstd/s or die;

$conf =~ s{(?=        location = /stats)}{$others} or die;
$conf =~ s/8080%% reuseport/8080%% sndbuf=64k reuseport/ or die;
$conf =~ s{( *)(listen 127.0.0.1:%%PORT_)8080(%%) [^;]*;}
    {$&\n$1${2}h2$3 http2;} or die;

$t->write_file_expand('nginx.conf', $conf);
$t->run;

# asks, and does not read

sub lazy {
    my ($uri, %o) = @_;

    my $c = $t->client(rcvbuf => 131_072, timeout => 20 * slow());
    $c->send_request('GET', $uri, %o);

    return $c;
}

my $stored = 0;

for my $name (qw/memory packed file send threads/) {
    my $body = QC::Body->new(size => $size{$name}, kind => kind($name));
    my $refused = $t->stats('/stats', 'reason', 'store_memory');

    my $fill = one($t, "/$name");
    ok($up->wait_at($name), "$name: one runs the upstream");

    my $waited = waited($t);
    my @slow = map { lazy("/$name") } 1 .. 4;
    push @slow, lazy("/$name", version => '1.0');
    ok($t->wait_stats('/stats', 'lock', 'waited', $waited + 5),
        "$name: others wait");
    $up->release($name);

    my ($r) = answers($fill);
    is($r->body_md5, $body->md5, "$name: the fill");
    ok($t->wait_stats('/stats', 'store', 'stored', ++$stored),
        "$name: it is stored");
    ok($_->readable(5), "$name: a slow one has begun") for @slow;

    # the store has done with it; what they read is still held

    $r = $t->get("/$name-2");
    is($r->body_md5, $body->md5, "$name: another answer");
    is($r->header('X-Status'), 'MISS', "$name: is passed on");
    is($t->stats('/stats', 'reason', 'store_memory'), $refused + 1,
        "$name: there is no room to store it");

    (shift @slow)->reset for 1 .. 2;
    my @r = answers(@slow);
    is(said(@r), '3 HIT', "$name: who stays has a hit");
    is(join('|', sort keys %{{ map { $_->body_md5 => 1 } @r }}),
        $body->md5, "$name: all of it");
    is($r[0]->header('X-Tier'), 'fill', "$name: from the fill");

    ok(wait_until(sub {
        return $t->get("/$name-2")->header('X-Status') eq 'HIT';
    }), "$name: then there is room");
    $stored++;
}

# compressed on its way, as any hit

my $fill = one($t, '/json');
ok($up->wait_at('json'), 'gzip: one runs the upstream');
my @others = crowd($t, 3, '/json', headers => ['Accept-Encoding' => 'gzip']);
$up->release('json');
answers($fill);

for my $r (answers(@others)) {
    is($r->header('Content-Encoding'), 'gzip', 'gzip: a compressed one');
    is($r->error . $r->header('X-Tier'), 'fill', 'gzip: whole');
}

# HTTP/2

$fill = one($t, '/two');
ok($up->wait_at('two'), 'HTTP/2: one runs the upstream');

my $waited = waited($t);
my @curl = ('curl', '-s', '--http2-prior-knowledge', '-H', 'Host: localhost',
    '-o');
my $url = 'http://127.0.0.1:' . port('h2') . '/two';

spawn('curl', [@curl, $t->testdir . "/two$_", $url]) for 1 .. 3;
spawn('curl', [@curl, $t->testdir . '/limited', '--limit-rate', '200k', $url]);

ok($t->wait_stats('/stats', 'lock', 'waited', $waited + 4),
    'HTTP/2: others wait');
$up->release('two');
answers($fill);

my $bytes = QC::Body->new(size => 500_000)->bytes;

for my $name (qw/two1 two2 two3 limited/) {
    ok(wait_until(sub { slurp($t->testdir . "/$name") eq $bytes }, 10),
        "HTTP/2: $name has it");
}

# a worker that is to leave stays for its readers

my ($old) = $t->worker_pids;

$fill = one($t, '/reload');
ok($up->wait_at('reload'), 'reload: one runs the upstream');

$waited = waited($t);
my @slow = map { lazy('/reload') } 1 .. 2;
ok($t->wait_stats('/stats', 'lock', 'waited', $waited + 2),
    'reload: others wait');
$up->release('reload');
answers($fill);
ok($_->readable(5), 'reload: a slow one has begun') for @slow;

ok($t->reload, 'reload: a reload');
ok(alive($old), 'reload: the worker stays');

my @r = answers(@slow);
is(said(@r), '2 HIT', 'reload: they have a hit');
is($r[0]->body_md5, QC::Body->new(size => 3_000_000, kind => 'random')->md5,
    'reload: whole');
ok(wait_until(sub { !alive($old) }), 'reload: the worker leaves');

done_testing();
