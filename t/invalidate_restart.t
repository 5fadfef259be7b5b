#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# What was invalidated does not come back: not with a reload, nor when the
# files of a store on disk are found again after a restart, orderly or by
# kill -9 right after the answer, nor with a note of the last invalidation
# that cannot be read.  What was filled since is found.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Nginx;
use QC::Upstream;
use QC::Util qw/alive children forget/;

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => sub { return { body => "rows $_[1]", headers => [
        'Cache-Control' => 'max-age=600', 'Cache-Groups' => '"g"'] } },
    '/change' => { status => 204,
        headers => ['Cache-Group-Invalidation' => '"g"'] },
});

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);
my $dir = $t->testdir . '/store';

$t->write_file_expand('nginx.conf', <<"EOF");

%%TEST_GLOBALS%%

worker_processes 2;

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        disk $dir;
    }

    add_header X-Status \$query_cache_status always;
    add_header X-Reason \$query_cache_reason always;

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            query_cache z;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /stats {
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

my ($starts, $stored) = (1, 0);

sub ask {
    my ($method, $uri) = @_;

    my $r = $t->client->request($method, $uri,
        $method eq 'GET' ? () : (body => 'x'));

    return join ' ', $r->header('X-Status'), $r->header('X-Reason') // '-';
}

sub fill {
    my ($uri) = @_;

    like(ask('GET', $uri), qr/^MISS/, "$uri: a miss");
    ok($t->wait_stats('/stats', 'store', 'stored', ++$stored),
        "$uri: stored");
    is(ask('GET', $uri), 'HIT -', "$uri: a hit");
}

sub started {
    my ($name) = @_;

    $starts++;
    $stored = 0;

    ok(wait_until(sub {
        return $starts == $t->error_log(
            qr/zone "z": \d+ files, \d+ bytes found in "\S+store" in/);
    }), "$name: found again");
}

sub restart {
    ok($t->quit, 'quit');
    $t->run;
    started('a restart');
}

sub killed {
    my $master = $t->master_pid;
    my @pids = ($master, children($master));

    kill 'KILL', @pids;
    ok(wait_until(sub { !grep { alive($_) } @pids }), 'killed');
    forget($master);

    $t->run;
    started('killed');
}

# nothing was ever invalidated: all is there

fill('/a');
restart();
is(ask('GET', '/a'), 'HIT -', 'a restart loses nothing');

# by its URI, with both kinds of ends

for my $end (\&restart, \&killed) {
    fill("/b$starts");
    ask('PUT', "/b$starts");

    my $uri = "/b$starts";
    $end->();
    like(ask('GET', $uri), qr/^MISS/, "$uri: stays away");
    ok($t->wait_stats('/stats', 'store', 'stored', ++$stored),
        "$uri: stored again");

    $end->();
    is(ask('GET', $uri), 'HIT -', "$uri: filled since");
}

# by its group

fill('/c');
ask('POST', '/change');
restart();
like(ask('GET', '/c'), qr/^MISS/, 'its group stays away');
ok($t->wait_stats('/stats', 'store', 'stored', ++$stored), 'stored again');

# a reload loses nothing, and nothing comes back

fill('/d');
fill('/e');
ask('PUT', '/d');
ok($t->reload, 'reload');
is(ask('GET', '/e'), 'HIT -', 'an entry stays');
is(ask('GET', '/d'), 'MISS invalidated', 'so does an invalidation');
ok($t->wait_stats('/stats', 'store', 'stored', ++$stored), 'stored again');

# damage

for my $bytes ('', 'x' x 16, 'x' x 17, "\0" x 16) {
    fill("/f$starts");

    my $uri = "/f$starts";
    ok($t->quit, 'quit');
    spew("$dir/invalidated", $bytes);
    $t->run;
    started('damaged');
    like(ask('GET', $uri), qr/^MISS/, length($bytes) . ' bytes: nothing is');
    ok($t->wait_stats('/stats', 'store', 'stored', ++$stored),
        'stored again');
    is(ask('GET', $uri), 'HIT -', 'and served');
}

done_testing();
