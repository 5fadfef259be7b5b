#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# The log of invalidations in shared memory.  Fails if an entry that was
# invalidated comes back: with a reload, with a restart that finds its file on
# the disk, when the log has no room for more, or because the file that keeps
# the position of the log is damaged.  Fails, too, if that costs entries that
# were stored after the last invalidation.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Nginx;
use QC::Upstream;
use QC::Util qw/slurp spew/;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);
my $dir = $t->testdir . '/disk';
my $file = "$dir/invalidated";

my $up = QC::Upstream->start(port => port('up'),
    routes => { '/*' => { body => 'rows' } });

$t->write_file_expand('nginx.conf', <<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        disk          $dir;
        invalidations 64;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            query_cache       z;
            query_cache_valid 10m;
            add_header        X-Status \$query_cache_status;
            add_header        X-Reason \$query_cache_reason;
            proxy_pass        http://127.0.0.1:%%PORT_up%%;
        }

        location = /stats {
            query_cache_admin z;
        }
    }
}

EOF

my $stored = 0;

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

    $t->request('PUT', $_, body => 'x') for @uris;
}

sub restart {
    my ($change) = @_;

    ok($t->quit, 'quit');
    $change->() if $change;

    my $mark = $t->log_mark;
    $t->run;
    ok($t->wait_log(qr/bytes found in/, 10, $mark), 'walked');
    $stored = 0;
}

$t->run;

fill('/a', '/b');
is(status($_), 'HIT', "$_: a hit") for '/a', '/b';
ok(!-e $file, 'nothing to be kept');

unsafe('/a');
is($t->stats('/stats', 'invalidation', 'made'), 1, 'counted');
is(-s $file, 16, 'kept on the disk');

is(status('/a'), 'MISS invalidated', 'invalid');
is(status('/b'), 'HIT', 'the other is not');
is_stored(1, 'stored anew');
is(status('/a'), 'HIT', 'and valid');

unsafe('/b');
$t->reload;
is(status('/a'), 'HIT', 'reload: a hit');
is(status('/b'), 'MISS invalidated', 'reload: still invalid');
is_stored(1, 'stored anew');

# a restart keeps what was stored after the last invalidation

unsafe('/c');
fill('/c');
unsafe('/d');
fill('/d', '/e');

restart();
is(status('/d'), 'HIT', 'restart: stored after the last invalidation');
is(status('/e'), 'HIT', 'restart: too');
is(status('/c'), 'MISS absent', 'restart: stored before');
is_stored(1, 'stored anew');

restart();
is(status('/c'), 'HIT', 'again: nothing was invalidated since');
is(status('/d'), 'HIT', 'again: nor this');

# a position that cannot be read is that of now

my $kept = slurp($file);

my @damaged = (
    [empty => ''],
    [short => substr $kept, 0, 15],
    [long => "$kept\0"],
    [flipped => ("\1" ^ substr $kept, 0, 1) . substr $kept, 1],
    [zeros => "\0" x 16],
);

for my $case (@damaged) {
    my ($name, $bytes) = @$case;
    my $mark = $t->log_mark;

    restart(sub { spew($file, $bytes) });
    like(status('/d'), qr/^MISS/, "$name: nothing is valid");
    is(scalar(() = $t->error_log_since($mark, qr/invalidated" is damaged/)),
        1, "$name: logged");
    is_stored(1, "$name: stored anew");
    is(status('/d'), 'HIT', "$name: and valid");
}

# one that is gone means a log that is lost: what knows of another is invalid

unsafe('/e');
fill('/f');
restart(sub { unlink $file or die });
is(status('/f'), 'MISS absent', 'gone: not valid');
is_stored(1, 'stored anew');

# no room: what is forgotten is not valid, and what is younger is

fill('/old');
unsafe('/old', map { "/n$_" } 1 .. 200);
cmp_ok($t->stats('/stats', 'invalidation', 'forgotten'), '>=', 137,
    'full: notes are forgotten');
is(status('/old'), 'MISS invalidated', 'full: it stays invalid');
is_stored(1, 'full: stored anew');
is(status('/old'), 'HIT', 'full: valid');

done_testing();
