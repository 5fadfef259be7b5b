#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# A worker that is told to leave stays until its background fills have ended
# and are stored; after a reload the new one knows of them and begins no
# others.  But it does not stay longer than for a store: then they are given
# up.  TERM does not wait.  Connections that are left open, or workers that
# never end, would break it.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Nginx;
use QC::Stale;
use QC::Upstream;
use QC::Util qw/alive/;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $fresh = ['Cache-Control' => 'max-age=600'];

my $up = QC::Upstream->start(port => port('up'), routes => {
    (map { ("/$_" => [
        { body => "old $_", headers => stale_headers() },
        { size => 500_000, at => [[$_ =~ /head/ ? 0 : 100_000, gate => $_]],
          headers => $fresh },
    ]) } qw/reload quit forever forever-head term/),
    '/drip' => [
        { body => 'old drip', headers => stale_headers() },
        { size => 500_000, drip => [1, 0.2], headers => $fresh },
    ],
});

my $conf = <<'EOF';

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_hit_for_miss 0;     # a fill may be tried again at once

    query_cache_zone z {
        disk %%TESTDIR%%/store;
        store_timeout TIMEOUT;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            query_cache z;
            add_header X-Status $query_cache_status;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /stats {
            query_cache_admin z;
        }
    }
}

EOF

$t->write_file_expand('nginx.conf', $conf =~ s/TIMEOUT/60s/r);
$t->run;

my @names = qw/reload quit forever forever-head drip term/;

$t->get("/$_") for @names;
ok(wait_stale($t, '/stats', scalar @names), 'stale entries');

my $stored = @names;

sub stale { is($t->get("/$_[0]")->body, "old $_[0]", "$_[0]: stale") }

# a reload

stale('reload');
ok($up->wait_at('reload'), 'an answer is under way');

my ($old) = $t->worker_pids;

ok($t->reload, 'a reload');
stale('reload');
is($up->hits('/reload'), 2, 'the new worker does not ask');
ok(alive($old), 'the old one is there');

$up->release('reload');
ok($t->wait_stats('/stats', 'store', 'stored', ++$stored), 'stores it');
ok(wait_until(sub { !alive($old) }), 'and leaves');
is($t->get('/reload')->body_length, 500_000, 'the new one');

# QUIT

stale('quit');
ok($up->wait_at('quit'), 'an answer is under way');

($old) = $t->worker_pids;
kill 'QUIT', $t->master_pid;
ok($t->wait_log(qr/ $old#\d+: gracefully/), 'the worker is to leave');
ok(alive($old), 'it is there');

$up->release('quit');
ok($t->quit, 'and leaves');

$t->write_file_expand('nginx.conf', $conf =~ s/TIMEOUT/1s/r);
$t->run;

# files of a former run are found one by one

ok($t->wait_stats('/stats', 'disk', 'loaded', scalar @names), 'a start');
is($t->get('/quit')->body_length, 500_000, 'has what was stored last');

# what does not end

stale($_) for qw/forever forever-head drip/;
ok($up->wait_at('forever'), 'an answer that does not go on');
ok($up->wait_at('forever-head'), 'an answer that does not begin');
ok($up->wait_requests('/drip', 2), 'an answer that drips');

($old) = $t->worker_pids;
ok($t->reload, 'a reload');
ok(wait_until(sub { !alive($old) }, 10), 'the worker does not wait for them');
is($t->stats('/stats', 'fill', 'failed'), 3, 'they are given up');

stale('forever');
ok($up->wait_requests('/forever', 3), 'and may be tried again');

# TERM

stale('term');
ok($up->wait_at('term'), 'an answer is under way');
kill 'TERM', $t->master_pid;
ok($t->stop, 'TERM');

done_testing();
