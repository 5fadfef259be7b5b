#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Where query_cache_stale_if_slow cannot help, requests are answered as they
# would be without it: without fills, locks or marks, for entries that must
# not be served stale, for requests that cannot be repeated.  It waits as
# well for another request that runs the upstream, for the fill of
# stale-while-revalidate, and for one that is lost with its worker; variants
# have a fill each; a worker that is told to leave answers.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Collapse;
use QC::Nginx;
use QC::Stale;
use QC::Upstream;
use QC::Util qw/wait_until/;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $sie = 'max-age=0, stale-if-error=600';
my $old = ['Cache-Control' => $sie];

my @plain = qw/nofills nolocks nomarks strict post/;

my $up = QC::Upstream->start(port => port('up'), routes => {
    (map { ("/$_/a" => [{ body => 'old', headers => $old },
        { body => 'new', gate => $_, headers => [fresh()] }]) } @plain),
    '/strict/a' => [{ body => 'old', headers => ['Cache-Control' =>
            "$sie, must-revalidate", ETag => '"e"'] },
        { body => 'new', gate => 'strict', headers => [fresh()] }],
    '/run/a' => [{ body => 'old', headers => $old },
        { body => 'new', gate => 'run', headers => [fresh()] }],
    '/run/swr' => [{ body => 'old', headers => ['Cache-Control' =>
            'max-age=0, stale-while-revalidate=2, stale-if-error=600'] },
        { body => 'new', gate => 'swr', headers => [fresh()] }],
    '/run/vary' => sub {
        my ($req, $n) = @_;
        my $lang = $req->{headers}{'x-lang'};

        return { body => "$lang $n", headers => [$n > 2 ? fresh() : @$old,
            Vary => 'X-Lang'], $n > 2 ? (gate => 'vary') : () };
    },
    '/run/killed' => [{ body => 'old', headers => $old },
        { body => 'new', gate => 'killed', headers => [fresh()] }],
    '/run/reload' => [{ body => 'old', headers => $old },
        { body => 'new', gate => 'reload', headers => [fresh()] }],
    '/age/a' => [{ body => 'old', headers => $old },
        { body => 'new', gate => 'age', headers => [fresh()] }],
    '/one/*' => { body => 'old', headers => $old },
});

my $conf = collapsing('query_cache_client_control on;');

my %zone = (nofills => 'fill_concurrency 0;', nolocks => 'locks 0;',
    nomarks => 'marks 0;', one => 'fill_concurrency 1;');

my $zones = join '', map {
    "    query_cache_zone $_ {
        disk %%TESTDIR%%/$_;
        $zone{$_}
    }

" } sort keys %zone;

my $locations = join '', map {
    my $zone = $zone{$_} ? $_ : 'z';

    "        location /$_/ {
            query_cache $zone;
            query_cache_methods GET HEAD POST;
            query_cache_lock local;
            query_cache_stale_if_slow @{[$_ eq 'age' ? '50ms' : '60s']};
            query_cache_lock_age @{[$_ eq 'age' ? '50ms' : '60s']};
            add_header X-Status \$query_cache_status always;
            add_header X-Reason \$query_cache_reason always;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /stats/$_ {
            query_cache_admin $zone;
        }

" } @plain, 'run', 'one', 'age';

$conf =~ s/(?=    server \{)/$zones/ or die;
$conf =~ s/(?=        location = \/stats \{)/$locations/ or die;

$t->write_file_expand('nginx.conf', $conf);
$t->run;

sub is_answer {
    my ($r, $expected, $name) = @_;

    is(($r->header('X-Status') // '-') . ' ' . $r->body, $expected, $name);
}

sub stale_entry {
    my ($stats, $get, $name) = @_;
    my $stored = $t->stats($stats, 'store', 'stored');

    $get->();
    ok($t->wait_stats($stats, 'store', 'stored', $stored + 1),
        "$name: an entry");
}

# as without it

for my $name (@plain) {
    my @how = $name eq 'post' ? (method => 'POST', body => 'q') : ();

    stale_entry("/stats/$name", sub { answers(one($t, "/$name/a", @how)) },
        $name);

    # which makes POST another request

    my $c = one($t, "/$name/a", @how, headers => ['If-None-Match' => '"x"']);
    ok($up->wait_at($name), "$name: the upstream is asked");

    my $stored = $t->stats("/stats/$name", 'store', 'stored');

    $up->release($name);
    is_answer($c->read_response,
        $name eq 'nomarks' ? 'HIT new' : 'EXPIRED new', "$name: and answers");
    ok($t->wait_stats("/stats/$name", 'store', 'stored', $stored + 1),
        "$name: stored") if $name ne 'post';
    is($t->stats("/stats/$name", 'reason', 'slow'), 0, "$name: not for this");
}

# another request runs the upstream

stale_entry('/stats', sub { $t->get('/run/a') }, 'run');
my $fill = one($t, '/run/a', headers => ['Cache-Control' => 'max-age=9']);
ok($up->wait_at('run'), 'run: it runs the upstream');
my @all = crowd($t, 3, '/run/a');
$up->release('run');
is_answer($fill->read_response, 'EXPIRED new', 'run: that one');
is(said(answers(@all)), '3 HIT', 'run: others have waited for it');
is($up->hits('/run/a'), 2, 'run: asked once');

# a fill that was begun while the entry could be served at once

stale_entry('/stats', sub { $t->get('/run/swr') }, 'swr');
is_answer($t->get('/run/swr'), 'UPDATING old', 'swr: at once');
ok($up->wait_at('swr'), 'swr: a fill');
my @late;
ok(wait_until(sub {
    my $waited = waited($t);
    my $c = one($t, '/run/swr');
    push @late, $c;
    return $c->readable(0.3) ? 0 : waited($t) > $waited;
}, 10), 'swr: not any more');
$up->release('swr');
is_answer($late[-1]->read_response, 'HIT new', 'swr: waited for that fill');
is($up->hits('/run/swr'), 2, 'swr: asked once');

# variants

for my $lang ('a', 'b') {
    stale_entry('/stats', sub { $t->get('/run/vary',
        headers => ['X-Lang' => $lang]) }, "vary: $lang");
}

@all = map { crowd($t, 2, '/run/vary', headers => ['X-Lang' => $_]) } 'a', 'b';
ok($up->wait_at('vary', 2), 'vary: a fill each');
$up->release('vary');
my @r = answers(@all);
is(said(@r), '4 HIT', 'vary: all are answered');
is(join(' ', map { substr $_->body, 0, 1 } @r), 'a a b b', 'vary: each');
is($up->hits('/run/vary'), 4, 'vary: asked once each');

# a fill that takes longer than others would wait for it

stale_entry('/stats', sub { $t->get('/age/a') }, 'age');
is_answer($t->get('/age/a'), 'STALE old', 'age: served') for 1 .. 5;
ok($up->wait_at('age'), 'age: the fill goes on');
is($up->hits('/age/a'), 2, 'age: the only one');
my $stored = $t->stats('/stats', 'store', 'stored');
$up->release('age');
ok($t->wait_stats('/stats', 'store', 'stored', $stored + 1), 'age: stored');

# more fills than there may be: the request itself

$t->get("/one/$_") for 'a', 'b';
ok($t->wait_stats('/stats/one', 'store', 'stored', 2), 'one: entries');
$up->set('/one/*' => { body => 'new', gate => 'one', headers => [fresh()] });
my @clients = map { one($t, "/one/$_") } ('a', 'b') x 4;
ok($up->wait_at('one', 2), 'one: asked for both');
$up->release('one');
@r = answers(@clients);
is(bodies(@r), 'new', 'one: all are answered');

# a worker that is told to leave

stale_entry('/stats', sub { $t->get('/run/reload') }, 'reload');
@all = crowd($t, 4, '/run/reload');
ok($up->wait_at('reload'), 'reload: a fill');
ok($t->reload, 'reload: done');
@r = answers(@all);
is(said(@r), '4 STALE', 'reload: old workers answer');
$up->release('reload');
ok(wait_until(sub { $t->get('/run/reload')->body eq 'new' }),
    'reload: and store what they have fetched');

# a worker that is killed

stale_entry('/stats', sub { $t->get('/run/killed') }, 'killed');
@all = crowd($t, 8, '/run/killed');
ok($up->wait_at('killed'), 'killed: a fill');
$t->expect_signal(9);
kill 'KILL', ($t->worker_pids)[0];
$up->release('killed');

# by the entry, if the fill was lost with it

my @bodies = map { $_->error ? () : $_->body } answers(@all);
is((grep { !/^(?:old|new)$/ } @bodies), 0,
    'killed: those of the other worker are answered');
ok(wait_until(sub { $t->get('/run/killed')->body eq 'new' }, 10),
    'killed: fetched in the end');

done_testing();
