#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# When a query has been held back for long enough one request runs it, or one
# background fill, and all others are still held back while it does, also
# without query_cache_lock, and in all workers.  If nothing comes of that, as
# its client has left, another one does later.  Failures that were begun at
# the same time count as one.  A reload forgets nothing.

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

my $bad = { status => 500, body => 'bad' };

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/gone' => [$bad, { gate => 'gone', body => 'lost' },
        { gate => 'well', body => 'well', headers => [fresh()] }],
    '/fill' => [{ body => 'old', headers => stale_headers() }, $bad,
        { body => 'new', gate => 'fill', headers => [fresh()] }],
    '/same' => [({ %$bad, gate => 'same' }) x 20],
    '/long/a' => $bad,
});

my $conf = collapsing('query_cache_hit_for_miss 0;', '',
    'query_cache_lock off; query_cache_fail_backoff 3s max=1h;');

$conf =~ s/(?=        location = \/stats)/
        location \/long\/ {
            query_cache z;
            query_cache_fail_backoff 1h;
            proxy_pass http:\/\/127.0.0.1:%%PORT_up%%;
        }

/ or die;

$t->write_file_expand('nginx.conf', $conf);
$t->run;

sub held { return scalar grep { $_->header('Retry-After') } @_ }


# Requests until one is not held back: that one

sub trial {
    my ($uri, $gate) = @_;
    my $c;

    wait_until(sub {
        $c = one($t, $uri);
        return !$c->readable(0.2);
    }, 20) or return;

    return $up->wait_at($gate) && $c;
}


# at first, and while the trial is under way

is($t->get('/gone')->status, 500, 'a failure');
is(held(answers(map { one($t, '/gone') } 1 .. 50)), 50, 'all are held back');

my $trial = trial('/gone', 'gone');
ok($trial, 'one runs it again');
is(held(answers(map { one($t, '/gone') } 1 .. 50)), 50, 'others do not');
is($up->hits('/gone'), 2, 'two runs');

# its client leaves: another one, after a while

$trial->reset;
ok(wait_until(sub { $up->last('/gone')->{outcome} eq 'closed' }),
    'nothing comes of it');
is(held($t->get('/gone')), 1, 'held back still');

$trial = trial('/gone', 'well');
ok($trial, 'the next one');
$up->release('well');
is($trial->read_response->body, 'well', 'is answered');
ok($t->wait_stats('/stats', 'store', 'stored', 1), 'stored');
is(said(answers(map { one($t, '/gone') } 1 .. 10)), '10 HIT', 'all is well');
is($up->hits('/gone'), 3, 'three runs');

# a background fill

$t->get('/fill');
ok($t->wait_stats('/stats', 'store', 'stored', 2), 'fill: an entry');
ok(wait_until(sub { $t->get('/fill')->header('X-Status') eq 'UPDATING' }),
    'fill: stale');
ok($t->wait_stats('/stats', 'fill', 'failed', 1), 'fill: fails');
is(said(answers(map { one($t, '/fill') } 1 .. 20)), '20 UPDATING',
    'fill: served as it is');
is($up->hits('/fill'), 2, 'fill: not begun again');
ok(wait_until(sub { $t->get('/fill'); $up->hits('/fill') == 3 }, 20),
    'fill: but later');
ok($up->wait_at('fill'), 'fill: the upstream is asked');
is(said(answers(map { one($t, '/fill') } 1 .. 20)), '20 UPDATING',
    'fill: served meanwhile');
$up->release('fill');
ok(wait_until(sub { $t->get('/fill')->body eq 'new' }), 'fill: well');
is($up->hits('/fill'), 3, 'fill: three runs');

# at the same time

my @all = map { one($t, '/same') } 1 .. 20;
ok($up->wait_at('same', 20), 'same: nothing is known yet');
$up->release('same');
is((grep { $_->status == 500 } answers(@all)), 20, 'same: all fail');

my $r = $t->get('/same');
is($r->status, 503, 'same: held back');
cmp_ok($r->header('Retry-After'), '<=', 4, 'same: as after one');

# reloads

$t->get('/long/a');
is(held($t->get('/long/a')), 1, 'long: held back');
ok($t->reload(wait => 1), 'long: reload');
is(held($t->get('/long/a')), 1, 'long: still');
is($up->hits('/long/a'), 1, 'long: one run');

done_testing();
