#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Of those who have waited for "query_cache_lock_timeout" a few run the
# upstream beside the fill: "query_cache_fill_concurrency" of a key, and
# "fill_concurrency" of all.  The others wait on: until one of these, or the
# fill, has stored something, which they are served; until one has ended
# without, for which the next one is run; until it is known that there will be
# nothing to store; and for "query_cache_lock_age" at most.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Collapse;
use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

# the answer N of a route waits at the gate NAME-N

my %answer = (
    fails => sub { $_[0] == 2 ? (status => 500)
        : (headers => [fresh()]) },
    none => sub { (headers => [$_[0] == 2
        ? ('Cache-Control' => 'no-store') : fresh()]) },
    first => sub { (headers => [$_[0] == 1
        ? ('Cache-Control' => 'no-store') : fresh()]) },
);

my $up = QC::Upstream->start(port => port('up'), routes => {
    (map { my $name = $_; ("/$name" => sub {
        my ($req, $n) = @_;
        my @more = $answer{$name} ? $answer{$name}->($n)
            : (headers => [fresh()]);
        return { body => "answer $n", @more, gate => "$name-$n" };
    }) } qw/stored fill fails none first age two any/, map { "zone$_" } 1 .. 4),
});

my $conf = collapsing('', 'fill_concurrency 3;',
    'query_cache_lock_timeout 300ms;');

$conf =~ s/(worker_processes) 2;/$1 1;/ or die;
$conf =~ s{(?=        location = /stats)}{ join '', map { <<"EOF" }
        location /$_->[0] {
            query_cache z;
            query_cache_lock_timeout 300ms;
            $_->[1]
            add_header X-Status \$query_cache_status;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

EOF
    ['age', 'query_cache_lock_age 2s;'],
    ['two', 'query_cache_fill_concurrency 2;'],
    ['any', 'query_cache_fill_concurrency 0;']}e or die;

$t->write_file_expand('nginx.conf', $conf);
$t->run;


my $collapsed = 0;


sub held_back { return $t->stats('/stats', 'lock', 'held_back') }


# A fill, and so many that wait until they have waited for long, of which so
# many run the upstream; they have names, which it is told.

sub beside {
    my ($name, $n, $runs) = @_;

    my $before = held_back();
    my $timed_out = $t->stats('/stats', 'lock', 'timed_out');

    my $fill = one($t, "/$name");
    $up->wait_at("$name-1") or fail("$name: one runs the upstream");

    my %others = map { $_ => one($t, "/$name", headers => ['X-Id' => $_]) }
        1 .. $n;
    $t->wait_stats('/stats', 'lock', 'timed_out', $timed_out + $n)
        or fail("$name: they wait for long");

    ok($up->wait_requests("/$name", 1 + $runs), "$name: $runs more run it");
    is(held_back(), $before + $n - $runs, "$name: all others are held back");
    is($up->hits("/$name"), 1 + $runs, "$name: and do not");

    return ($fill, %others);
}


sub runs { return $up->last("/$_[0]")->{headers}{'x-id'} }


sub collapsed {
    my ($name, $n) = @_;

    ok($t->wait_stats('/stats', 'lock', 'collapsed', $collapsed += $n),
        "$name: they are served");
}


# that run has stored something

my ($fill, %others) = beside('stored', 10, 1);
$up->release('stored-2');
collapsed('stored', 9);
is(said(answers(values %others)), '9 HIT, 1 MISS', 'stored: while the fill runs');
is($t->get('/stored')->body, 'answer 2', 'stored: what it said');
$up->release('stored-1');
is(said(answers($fill)), '1 MISS', 'stored: which is answered');
is($up->hits('/stored'), 2, 'stored: nobody else has run it');

# the fill has

($fill, %others) = beside('fill', 10, 1);
$up->release('fill-1');
collapsed('fill', 9);
$up->release('fill-2');
is(said(answers($fill, values %others)), '9 HIT, 2 MISS', 'fill: all are answered');
is($up->hits('/fill'), 2, 'fill: nobody else has run it');

# it fails, or its client leaves: another one is run

($fill, %others) = beside('fails', 6, 1);
my $second = runs('fails');
$up->release('fails-2');
ok($up->wait_at('fails-3'), 'fails: another one runs it');

is(delete($others{$second})->read_response->status, 500,
    'fails: one has the failure');
delete($others{runs('fails')})->reset;
ok($up->wait_at('fails-4'), 'fails: its client leaves: another one runs it');
is($up->hits('/fails'), 4, 'fails: no more than one');

$up->release('fails-4');
collapsed('fails', 3);
$up->release($_) for 'fails-1', 'fails-3';
is(said(answers($fill, values %others)), '3 HIT, 2 MISS', 'fails: answered');

# it says that nothing is to be stored

($fill, %others) = beside('none', 5, 1);
$up->release('none-2');
ok($up->wait_requests('/none', 6), 'none: all run it');
$up->release("none-$_") for 1 .. 6;
is(said(answers($fill, values %others)), '6 MISS', 'none: answered');

# the fill does

($fill, %others) = beside('first', 5, 1);
$up->release('first-1');
ok($up->wait_requests('/first', 6), 'first: all run it');
$up->release("first-$_") for 1 .. 6;
is(said(answers($fill, values %others)), '6 MISS', 'first: answered');

# all slots of a key are given back, as they are here

($fill, %others) = beside('two', 7, 2);
$up->release('two-3');
collapsed('two', 5);
$up->release('two-2');
$up->release('two-1');
is(said(answers($fill, values %others)), '5 HIT, 3 MISS', 'two: answered');

($fill, %others) = beside('any', 7, 7);
$up->release("any-$_") for 1 .. 8;
is(said(answers($fill, values %others)), '8 MISS', 'any: answered');

# for as long as a fill may take, no longer

$fill = one($t, '/age');
ok($up->wait_at('age-1'), 'age: one runs the upstream');
my @others = crowd($t, 6, '/age');
ok($up->wait_requests('/age', 7), 'age: all others do after a while');
$up->release("age-$_") for 1 .. 7;
is(said(answers($fill, @others)), '7 MISS', 'age: answered');

# of all keys: nothing is left of the runs before

my $before = held_back();
my (@fills, @waits);

for (1 .. 4) {
    push @fills, one($t, "/zone$_");
    ok($up->wait_at("zone$_-1"), "zone$_: one runs the upstream");
}

push @waits, crowd($t, 1, "/zone$_") for 1 .. 4;
ok($t->wait_stats('/stats', 'lock', 'held_back', $before + 1),
    'zone: one of them is held back');

my @runs = grep { $up->hits("/zone$_") == 2 } 1 .. 4;
my ($back) = grep { $up->hits("/zone$_") == 1 } 1 .. 4;
is(scalar @runs, 3, 'zone: three of them run');

$up->release("zone$runs[0]-2");
ok($up->wait_at("zone$back-2"), 'zone: one ends, and another runs');

for my $zone (1 .. 4) {
    $up->release("zone$zone-$_") for 1, 2;
}

is(said(answers(@fills, @waits)), '8 MISS', 'zone: answered');

ok($t->quit, 'all requests have ended');

done_testing();
