#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# What may go wrong in the location of query_cache_cancel is counted, logged
# once, and harms nobody: no location, no handler, no upstream, an error, a
# redirect, an answer that never comes, too many at a time.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Collapse;
use QC::Nginx;
use QC::Upstream;

time_limit(180);

my $t = QC::Nginx->new->has(qw/http proxy rewrite query_cache/);

my @ways = qw/missing nohandler return down error denied accel reset named
    hang/;

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/k/error' => { status => 500, body => 'error' },
    '/k/denied' => { status => 403, body => 'denied' },
    '/k/accel' => { body => 'x', headers =>
        ['X-Accel-Redirect' => '/ok'] },
    '/k/named' => { body => 'x', headers =>
        ['X-Accel-Redirect' => '@ok'] },
    '/k/missing' => { status => 404 },
    '/k/reset' => { reset => -1 },
    '/k/hang' => { hang => -1 },
    '/k/hold' => { gate => 'hold', body => 'x' },
    '/ok' => { body => 'ok', headers => [fresh()] },
    '/*' => { gate => 'slow', body => 'late', headers => [fresh()] },
});

my $conf = collapsing('', 'store_timeout 2s;',
    'error_page 403 404 500 502 /ok;');

$conf =~ s{(?=        location = /stats)}{join '', <<'EOC', map { <<"EOC" }
        location = /ok {
            query_cache z;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location @ok {
            rewrite ^ /ok break;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /kill/nohandler {
            root %%TESTDIR%%;
        }

        location /kill/return {
            return 200 done;
        }

        location /kill/down {
            proxy_pass http://127.0.0.1:%%PORT_nobody%%;
        }

        location /kill/ {
            internal;
            proxy_intercept_errors on;
            error_page 403 404 500 502 /ok;
            proxy_pass http://127.0.0.1:%%PORT_up%%/k/;
        }

EOC
        location /on/$_ {
            query_cache z;
            query_cache_cancel /kill/$_;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

EOC
    @ways, 'hold'}e or die;

$conf =~ s{worker_processes 2}{worker_processes 1};

$t->write_file_expand('nginx.conf', $conf);
$t->run;

my ($failed, $made) = (0, 0);

sub leaves {
    my ($way, $n) = @_;

    my @c = map { one($t, "/on/$way?$_") } 1 .. $n // 1;
    ok($up->wait_at('slow', scalar @c), "$way: under way");
    $_->reset for @c;
    ok(wait_until(sub { $up->waiting('slow') == 0 }), "$way: cancelled");
}

for my $way (@ways) {
    leaves($way);
    ok($t->wait_stats('/stats', 'cancel', 'made', ++$made), "$way: made");
    ok($t->wait_stats('/stats', 'cancel', 'failed', ++$failed, 15),
        "$way: failed");
    is($t->get('/ok')->body, 'ok', "$way: others are served");
}

is($t->error_log(qr/cancelling an upstream run .* failed/), 1,
    'said once in a minute');
is($up->hits('/ok'), 1, 'no page was run');

# more than there may be at a time

leaves('hold', 20);
ok($up->wait_at('hold', 16), 'sixteen at a time');
ok($t->wait_stats('/stats', 'cancel', 'refused', 4), 'others are refused');
is($t->error_log(qr/an upstream run was not cancelled/), 1, 'said once');

$up->release('hold');
ok(wait_until(sub { $up->waiting('hold') == 0 }), 'they end');
leaves('hold', 3);
ok($t->wait_stats('/stats', 'cancel', 'made', $made + 19),
    'there is room again');

my $stats = $t->stats('/stats', 'cancel');
is($stats->{failed}, $failed, 'none of these failed');
is($stats->{refused}, 4, 'nor was refused');

# a worker that is to leave does not wait for ever

leaves('hang');
ok($up->wait_requests('/k/hang', 2), 'one that hangs');
my ($old) = $t->worker_pids;
ok($t->reload, 'a reload');
ok(wait_until(sub { !QC::Util::alive($old) }, 15), 'the old worker leaves');

done_testing();
