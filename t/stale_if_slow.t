#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# query_cache_stale_if_slow: an entry that is too old, but may be served if
# the upstream fails, is served when a new answer is not there in time.  What
# a background fill has stored, or found still good, by then is served.  One
# fill for all who wait, in all workers, and with query_cache_lock or without.
# A fill that fails is no reason to wait any longer; an answer that is not for
# others is asked for by each.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Collapse;
use QC::Nginx;
use QC::Stale;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $old = ['Cache-Control' => 'max-age=0, stale-if-error=600', ETag => '"e"'];
my $private = ['Cache-Control' => 'no-store'];
my @dirs = qw/long short off offshort/;
my %routes;

# the answer to the fill, and to those who ask after it

my %second = (
    new => { body => 'new', headers => [fresh()] },
    same => { body => 'same', headers => $old },
    good => { status => 304, headers => [fresh(), ETag => '"e"'] },
    gone => { status => 304, headers => [@$private, ETag => '"e"'] },
    fails => { status => 503, body => 'bad' },
    broken => { reset => -1 },
    private => { body => 'mine', headers => $private },
    late => { body => 'new', headers => [fresh()] },
    head => { body => 'new', headers => [fresh()] },
    only => { body => 'new', headers => [fresh()] },
);

for my $dir (@dirs) {
    for my $kind (keys %second) {
        $routes{"/$dir/$kind"} = [
            { body => 'old', headers => $old },
            { %{$second{$kind}}, gate => "$dir-$kind" },
            $kind eq 'gone' ? { body => 'new', headers => $private }
                : $second{$kind},
        ];
    }
}

$routes{'POST /short/q'} = sub {
    my ($req, $n) = @_;

    return { body => "$n: " . length $req->{body}, headers => $old,
        $n > 1 ? (gate => 'post') : () };
};

my $up = QC::Upstream->start(port => port('up'), routes => \%routes);

my $conf = collapsing('query_cache_client_control on;');

my $locations = join '', map {
    my ($name, $time, $lock) = @$_;

    "        location /$name/ {
            query_cache z;
            query_cache_methods GET HEAD POST;
            query_cache_lock $lock;
            query_cache_stale_if_slow $time;
            client_body_buffer_size 1k;
            add_header X-Status \$query_cache_status always;
            add_header X-Reason \$query_cache_reason always;
            add_header X-Waited \$query_cache_waited always;
            proxy_http_version 1.1;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

"
} ['long', '60s', 'local'], ['short', '100ms', 'local'],
    ['off', '60s', 'off'], ['offshort', '100ms', 'off'];

$conf =~ s/(?=        location = \/stats)/$locations/ or die;

$t->write_file_expand('nginx.conf', $conf);
$t->run;

my @names = map { my $dir = $_; map { "/$dir/$_" } sort keys %second } @dirs;

$t->get($_) for @names;
$t->post('/short/q', 'x' x 5000);
ok(wait_stale($t, '/stats', 1 + @names), 'stale entries');

sub is_answer {
    my ($r, $expected, $name) = @_;

    is(($r->header('X-Status') // '-') . ' ' . $r->body, $expected, $name);
}

# in time

for my $dir ('long', 'off') {
    for my $case (['new', '5 HIT', 'new'], ['good', '5 HIT', 'old'],
        ['same', '5 STALE', 'same'], ['fails', '5 STALE', 'old'],
        ['broken', '5 STALE', 'old'])
    {
        my ($kind, $said, $body) = @$case;
        my $name = "$dir-$kind";
        my @all = crowd($t, 5, "/$dir/$kind");

        ok($up->wait_at($name), "$name: asked");
        $up->release($name);

        my @r = answers(@all);
        is(said(@r), $said, "$name: all are answered");
        is(bodies(@r), $body, "$name: by what came of it");
        is($up->hits("/$dir/$kind"), 2, "$name: the upstream was asked once");

        my $hit = $said =~ /HIT/;
        like($r[-1]->header('Cache-Status'), $hit
            ? qr/^query_cache; fwd=stale; collapsed; ttl=\d/
            : qr/^query_cache; hit; ttl=-?\d/, "$name: Cache-Status");
        is($r[-1]->header('X-Reason') // '', $hit ? '' : 'stale',
            "$name: reason");
    }

    # what has failed is not asked again at once

    is_answer($t->get("/$dir/fails"), 'STALE old', "$dir: has just failed");
    is($up->hits("/$dir/fails"), 2, "$dir: not asked again");

    # not for others

    for my $case (['private', 'mine'], ['gone', 'new']) {
        my ($kind, $body) = @$case;
        my $name = "$dir-$kind";
        my @all = crowd($t, 3, "/$dir/$kind");

        ok($up->wait_at($name), "$name: asked");
        $up->release($name);

        my @r = answers(@all);
        is(bodies(@r), $body, "$name: each has its own");
        is($up->hits("/$dir/$kind"), 5, "$name: and has asked for it");
    }
}

# not in time: the upstream is held until all have been answered

for my $dir ('short', 'offshort') {
    my $uri = "/$dir/late";
    my $c = $t->client;

    my $r = $c->get($uri);
    is_answer($r, 'STALE old', "$dir: stale");
    is($r->header('X-Reason'), 'slow', "$dir: reason");
    like($r->header('Cache-Status'), qr/^query_cache; hit; ttl=-?\d/,
        "$dir: Cache-Status");
    like($r->header('X-Waited'), qr/^\d+\.\d\d\d$/, "$dir: waited");
    cmp_ok($r->header('X-Waited'), '>=', 0.1, "$dir: as long as it says");

    # the connection is free while the fill goes on

    is($c->get('/stats')->status, 200, "$dir: the next request");
    ok($up->wait_at("$dir-late"), "$dir: the fill goes on");

    is(said(answers(map { one($t, $uri) } 1 .. 4)), '4 STALE',
        "$dir: others as well");
    is($up->hits($uri), 2, "$dir: asked once");

    is($t->get($uri, headers => [Range => 'bytes=1-'])->body, 'ld',
        "$dir: a part");

    # a client that says how old an answer may be

    my $stored = $t->stats('/stats', 'store', 'stored');

    is_answer($t->get($uri, headers => ['Cache-Control' => 'max-age=9',
        'If-Match' => '"e"']), 'EXPIRED new', "$dir: not to all clients");

    # what that one was answered is newer than what the fill is

    ok($t->wait_stats('/stats', 'store', 'stored', $stored + 1),
        "$dir: stored");

    my $lost = $t->stats('/stats', 'store', 'superseded');

    $up->release("$dir-late");
    ok($t->wait_stats('/stats', 'store', 'superseded', $lost + 1),
        "$dir: the fill ends");
    is_answer($t->get($uri), 'HIT new', "$dir: a hit");
}

# POST: with its body, in a file

is_answer($t->post('/short/q', 'x' x 5000), 'STALE 1: 5000', 'POST: stale');
ok($up->wait_at('post'), 'POST: the fill goes on');
is($up->last(qr{POST /short/q})->{body}, 'x' x 5000, 'POST: its body');

my $stored = $t->stats('/stats', 'store', 'stored');

$up->release('post');
ok($t->wait_stats('/stats', 'store', 'stored', $stored + 1), 'POST: stored');

# HEAD is its own request

my $head = one($t, '/long/head', method => 'HEAD');
ok($up->wait_at('long-head'), 'HEAD: asks');
is($up->last(qr{/long/head})->{method}, 'HEAD', 'HEAD: as it is');
$up->release('long-head');
is($head->read_response(head => 1)->header('X-Status'), 'EXPIRED',
    'HEAD: answered');

# only-if-cached

is($t->get('/long/only', headers => ['Cache-Control' => 'only-if-cached'])
    ->status, 504, 'only-if-cached');
is($up->hits('/long/only'), 1, 'only-if-cached: nothing is begun');

is($t->stats('/stats', 'fill', 'refused'), 0, 'no fill was refused');

done_testing();
