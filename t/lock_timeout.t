#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# A wait has two bounds: "query_cache_lock_timeout" of who waits, and
# "query_cache_lock_age" of the fill, after which one of those who wait is a
# fill itself, while the old one still runs.  Neither takes anything from the
# answer of the fill, which is stored all the same, for all who still wait.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Collapse;
use QC::Nginx;
use QC::Upstream;
use QC::Util qw/slow/;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $up = QC::Upstream->start(port => port('up'), routes => {
    (map { my $name = $_; ("/$name" => sub {
        my ($req, $n) = @_;
        return { body => "answer $n", headers => [fresh()],
            gate => "$name-$n" };
    }) } qw/wait age long/),
});

my $conf = collapsing('', '', 'query_cache_lock_timeout 300ms;');

$conf =~ s{(?=        location = /stats)}{
        location /age {
            query_cache z;
            query_cache_lock_timeout 60s;
            query_cache_lock_age 1s;
            add_header X-Status \$query_cache_status;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /long {
            query_cache z;
            query_cache_lock_timeout 60s;
            add_header X-Status \$query_cache_status;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

} or die;

$t->write_file_expand('nginx.conf', $conf);
$t->run;

# of who waits

my $fill = one($t, '/wait');
ok($up->wait_at('wait-1'), 'one runs the upstream');

my ($other) = crowd($t, 1, '/wait');
ok($up->wait_at('wait-2'), 'the other one does after a while');
is($t->stats('/stats', 'lock', 'timed_out'), 1, 'counted');

$up->release('wait-2');
my ($r) = answers($other);
is(said($r) . ': ' . $r->body, '1 MISS: answer 2', 'it has its answer');
cmp_ok($r->elapsed, '>=', 0.29, 'not before the bound');
cmp_ok($r->elapsed, '<', 3 * slow(), 'but then');

ok($t->wait_stats('/stats', 'store', 'stored', 1), 'which is stored');
is($t->get('/wait')->header('X-Status'), 'HIT', 'and served');

$up->release('wait-1');
($r) = answers($fill);
is($r->body, 'answer 1', 'the fill has its own');

# of the fill: one of those who wait is the next one, at a time

$fill = one($t, '/age');
ok($up->wait_at('age-1'), 'age: one runs the upstream');

my @others = crowd($t, 8, '/age');
ok($up->wait_at('age-2'), 'age: another one does after a while');
cmp_ok($t->stats('/stats', 'lock', 'expired'), '>=', 1, 'age: counted');
cmp_ok($up->hits('/age'), '<', 9, 'age: while others wait on');

$up->release('age-1');
is((answers($fill))[0]->body, 'answer 1', 'age: the first one is answered');

ok(wait_until(sub {
    $t->stats('/stats', 'lock', 'collapsed') == 9 - $up->hits('/age') }),
    'age: by what it stores they are, too');

$up->release("age-$_") for 2 .. 9;
my %n;
$n{$_->header('X-Status')}++ for answers(@others);
is($n{HIT} + $n{MISS}, 8, 'age: all are answered');
is($n{MISS} + 1, $up->hits('/age'), 'age: some by their own runs');

# a lease is shorter than that of a long fill, and renewed

$fill = one($t, '/long');
ok($up->wait_at('long-1'), 'long: one runs the upstream');
my ($waits) = crowd($t, 1, '/long');

my $end = time + 5;
ok(wait_until(sub { time >= $end }, 6), 'long: for longer than a lease');

$up->release('long-1');
is(said(answers($fill, $waits)), '1 HIT, 1 MISS', 'long: the other one waits');
is($up->hits('/long'), 1, 'long: as nobody else is asked');

done_testing();
