#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# The log of invalidations in Redis: one hash, of exact positions.  Fails if
# an entry that was invalidated comes back because a set of the log is full,
# or because Redis has lost the log; if a log that makes no sense is believed
# or breaks a request, or is not put right by the next invalidation; or if an
# invalidation that Redis refuses is not reported.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Time::HiRes qw/time/;

use QC::FakeS3;
use QC::Nginx;
use QC::Services qw/redis/;
use QC::Upstream;

use constant LOG => 'qc:~log';

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $redis = redis(conf => ['maxmemory-policy noeviction']);
my $s3 = QC::FakeS3->start(port => port('s3'));
my $up = QC::Upstream->start(port => port('up'),
    routes => { '/*' => { body => 'rows' } });

$t->write_file_expand('nginx.conf', <<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        redis ${\$redis->url};
        s3    http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;
        redis_timeout 5s;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            query_cache       z;
            query_cache_valid 10m;
            add_header        X-Status \$query_cache_status;
            add_header        X-Reason \$query_cache_reason;
            add_header        X-Key    \$query_cache_key;
            proxy_pass        http://127.0.0.1:%%PORT_up%%;
        }

        location = /stats {
            query_cache_admin z;
        }
    }
}

EOF

my $stored = 0;
my $made = 0;

sub status {
    my ($uri) = @_;
    my $r = $t->get($uri);

    return join ' ', grep { $_ } map { $r->header($_) } qw/X-Status X-Reason/;
}

sub is_stored {
    my ($n, $name) = @_;

    $stored += $n;
    ok($t->wait_stats('/stats', 'store', 'stored', $stored), $name);
}

sub fill {
    my @uris = @_;

    $t->get($_) for @uris;
    is_stored(scalar @uris, "stored @uris");
}

sub unsafe {
    my @uris = @_;

    for my $uri (@uris) {
        $t->request('PUT', $uri, body => 'x');
        $t->wait_stats('/stats', 'invalidation', 'made', ++$made)
            or fail("invalidated $uri");
    }
}

sub log_of { return $redis->hash_of(LOG) }

# the name and the value of the set that has the latest note

sub latest {
    my $log = log_of();
    my ($set) = grep { ($log->{$_} // '') =~ /^\S+=\Q$log->{seq}\E(?: |$)/ }
        grep { /^[0-9a-f]{3}$/ } keys %$log;

    return ($set, $log->{$set});
}

$t->run;

# notes

fill('/a', '/b');
is($redis->cli('EXISTS', LOG), 0, 'no log before the first invalidation');
is(status($_), 'HIT', "$_: a hit") for '/a', '/b';

my $now = int(time() * 1000);
unsafe('/a');

my $log = log_of();
is(scalar keys %$log, 3, 'seq, floor and a set');
cmp_ok($log->{seq}, '>=', $now - 1000, 'the position is the time in ms');
cmp_ok($log->{seq}, '<=', $now + 60_000, 'and exact');
is($log->{floor}, 0, 'nothing is forgotten');
is($redis->cli('TTL', LOG), -1, 'no time to live');

my ($set, $notes) = latest();
like($notes, qr/^$set[0-9a-f]{29}=$log->{seq}$/, 'a note');
my ($scope) = split /=/, $notes;

is(status('/a'), 'MISS invalidated', 'invalid');
is(status('/b'), 'HIT', 'the other is not');
is_stored(1, 'stored anew');
is(status('/a'), 'HIT', 'and valid');
is($redis->cli('HGET', 'qc:' . $t->get('/a')->header('X-Key'), 'epoch'),
    $log->{seq}, 'of the epoch of its fill');

# positions ascend, whatever the clock says

$redis->cli('HSET', LOG, 'seq', $log->{seq} + 3_600_000);
unsafe('/a');
is(log_of()->{seq}, $log->{seq} + 3_600_001, 'after the last one');
(undef, $notes) = latest();
is($notes, "$scope=" . ($log->{seq} + 3_600_001), 'one note of a scope');
is(status('/a'), 'MISS invalidated', 'invalid again');
is_stored(1, 'stored anew');

# a full set

my $old = $log->{seq} - 1000;
my @others = map { sprintf '%s%029x=%d', $set, $_, $old + 100 - $_ } 1 .. 16;

$redis->cli('HSET', LOG, $set, "@others");
unsafe('/a');
$log = log_of();
is($log->{floor}, $old + 84, 'full: the oldest is forgotten');
is($log->{$set}, "$scope=$log->{seq} @others[0 .. 14]", 'full: and replaced');
is($t->stats('/stats', 'invalidation', 'forgotten'), 1, 'full: counted');

is(status('/b'), 'MISS invalidated', 'full: nothing older is valid');
is_stored(1, 'full: stored anew');
is(status('/b'), 'HIT', 'full: what is younger is');
is(status('/a'), 'MISS invalidated', 'full: noted');
is_stored(1, 'full: stored anew');

# what is no log

my %good = %{log_of()};
my @bad = (
    ['seq text', seq => 'soon'],
    ['seq negative', seq => '-1'],
    ['seq fraction', seq => '1.5'],
    ['seq exponent', seq => '1e12'],
    ['seq nan', seq => 'nan'],
    ['seq too big', seq => '253402300799001'],
    ['seq way too big', seq => '9' x 400],
    ['seq empty', seq => ''],
    ['seq before a note', seq => sub { $good{seq} - 1 }],
    ['floor text', floor => 'x'],
    ['floor beyond seq', floor => sub { $good{seq} + 1 }],
    ['set without numbers', $set => $scope],
    ['set empty number', $set => "$scope="],
    ['set short', $set => substr("$scope=1", 1)],
    ['set separators', $set => "$scope=1,$scope=2"],
    ['set spaces', $set => "$scope=1  $scope=2"],
    ['set upper case', $set => 'G' x 32 . '=1'],
    ['set beyond seq', $set => sub { "$scope=" . ($good{seq} + 1) }],
    ['set long', $set => "$scope=1 " x 1000 . 'x'],
);

for my $case (@bad) {
    my ($name, $field, $value) = @$case;

    $value = $value->() if ref $value;
    $redis->cli('HSET', LOG, %good, $field, $value);
    is(status('/a'), 'MISS index_error', "$name: not believed");
    is_stored(1, "$name: stored");
    unsafe('/a');
    is(status('/a'), 'MISS invalidated', "$name: put right");
    is_stored(1, "$name: stored anew");
    is(status('/a'), 'HIT', "$name: valid");
    %good = %{log_of()};
}

is(scalar(() = $t->error_log(qr/"qc:~log" does not hold a valid log/)), 1,
    'logged once');

$redis->cli('DEL', LOG);
$redis->cli('SET', LOG, 'string');
is(status('/a'), 'MISS index_error', 'another type: not believed');
is_stored(1, 'stored');

# a log that is lost takes with it what was stored while it was there

$redis->cli('DEL', LOG);
fill('/c');
unsafe('/x');
fill('/d');
is(status('/c'), 'HIT', 'of before the first invalidation: a hit');
is(status('/d'), 'HIT', 'after it: a hit');

$redis->cli('DEL', LOG);
is(status('/d'), 'MISS invalidated', 'lost: not valid');
is_stored(1, 'lost: stored anew');
is(status('/d'), 'HIT', 'lost: valid');
unsafe('/d');
is(status('/d'), 'MISS invalidated', 'lost: and begun anew');
is_stored(1, 'lost: stored anew');

# refused

$redis->cli(qw/CONFIG SET maxmemory 1/);
$t->request('PUT', '/d', body => 'x');
ok($t->wait_stats('/stats', 'invalidation', 'failed', 1), 'full: failed');
is(scalar(() = $t->error_log(qr/\[error\].*redis has not noted an inval/)), 1,
    'full: logged');
$redis->cli(qw/CONFIG SET maxmemory 0/);
ok($t->wait_stats('/stats', 'invalidation', 'made', ++$made, 20),
    'room again: tried again');
is(status('/d'), 'MISS invalidated', 'room again: invalid');

done_testing();
