#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# After a restart, orderly or by kill -9 amid stores, what is on the disk is
# found again in the background, with status, fields and lifetime as they
# were, while requests are answered.  Fails if the start waits for the walk,
# if a file that was not complete is used, or if what expired comes back.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use constant FILES => 400;

use QC::Body;
use QC::Nginx;
use QC::Upstream;
use QC::Util qw/alive children forget/;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);
my $dir = $t->testdir . '/disk';

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*'     => sub { return { body => "rows of $_[0]{path} " x 50,
        headers => ['X-Rows' => 50, 'Content-Type' => 'text/csv'] } },
    '/gone'  => { status => 404, body => 'none' },
    '/short' => { body => 'old',
        headers => ['Cache-Control' => 'max-age=1', 'X-Short' => 1] },
    '/big/*' => sub { return { size => 300_000, seed => $_[0]{path} } },
});

$t->write_file_expand('nginx.conf', <<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        disk $dir;
        hold 100k;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            query_cache       z;
            query_cache_valid 200 404 10m;
            add_header        X-Status \$query_cache_status always;
            add_header        X-Age \$query_cache_age always;
            proxy_pass        http://127.0.0.1:%%PORT_up%%;
        }

        location = /stats {
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

my $c = $t->client;

sub get {
    my ($uri) = @_;

    my $r = $c->get($uri);
    my $right = $uri =~ /big/ || $r->body eq "rows of $uri " x 50;

    return $r->status . ' ' . $r->header('X-Status')
        . ($right && $r->complete ? '' : ' but not the answer');
}

# each nginx says so once

sub walked {
    my ($n) = @_;

    return wait_until(sub {
        return $n == $t->error_log(
            qr/zone "z": \d+ files, \d+ bytes found in "\S+disk" in/);
    });
}

my @uris = map { "/$_" } 1 .. FILES;

get($_) for @uris, '/gone', '/short';
ok($t->wait_stats('/stats', 'store', 'stored', FILES + 2), 'stored');

my $since = time();
ok($t->quit, 'quit');
ok(wait_until(sub { time() > $since + 1 }), 'one expires');
$t->run;
$c = $t->client;

# whatever it is during the walk: it is the answer

my (%early, $n);

while ($t->stats('/stats', 'disk', 'loaded') < FILES / 2) {
    $early{get($uris[$n++ % FILES])}++;
}

ok(!grep({ !/^200 (HIT|MISS)$/ } keys %early), 'the start: answers')
    or diag(explain(\%early));

ok(walked(2), 'all is found');

is(scalar(grep { slurp($_) =~ /X-Short/ } glob "$dir/1/*/*"), 0,
    'but not what has expired');

my $before = $up->count;
is(scalar(grep { get($_) ne '200 HIT' } @uris), 0, 'all are hits');
is($up->count, $before, 'the upstream is not asked');

my $r = $c->get('/1');
is($r->header('X-Rows') . $r->header('Content-Type'), '50text/csv', 'fields');
cmp_ok($r->header('X-Age'), '>=', 0, 'age');
is($c->get('/gone')->status, 404, 'a status');
is($c->get('/gone')->header('X-Status'), 'HIT', 'also a hit');

# killed while it stores

my $stored = $t->stats('/stats', 'store', 'stored');
my @clients = map { $t->client } 1 .. 20;
$clients[$_ - 1]->send_request('GET', "/big/$_") for 1 .. 20;
ok($t->wait_stats('/stats', 'store', 'stored', $stored + 2), 'amid stores');

my $master = $t->master_pid;
my @pids = ($master, children($master));
kill 'KILL', @pids;
ok(wait_until(sub { !grep { alive($_) } @pids }), 'killed');
forget($master);
$_->close for @clients;

$t->run;
$c = $t->client;
ok(walked(3), 'found again');

for my $n (1 .. 20) {
    my $r = $c->get("/big/$n");
    is($r->body_md5 . $r->error,
        QC::Body->new(size => 300_000, seed => "/big/$n")->md5,
        "the answer of /big/$n");
}

is(get('/1'), '200 HIT', 'a hit');
is($t->stats('/stats', 'disk', 'invalid'), 0, 'no half-written file');

done_testing();
