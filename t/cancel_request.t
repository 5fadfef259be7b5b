#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# For a run that was ended because its client left, query_cache_cancel runs a
# location once, with the run's id: without the client's arguments and body,
# with its other fields; only the content handler.  It is not run for answers
# that were whole, for runs that went on and were finished, for those the
# upstream has ended, or where a connection was never made.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Collapse;
use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy rewrite query_cache/);

my $up = QC::Upstream->start(port => port('up'), routes => {
    (map { ("/$_" => { gate => $_, size => 500_000, headers => [fresh()] }) }
        qw/head get post bypass finish age method/),
    '/body' => { size => 500_000, headers => [fresh()],
        at => [[100_000, gate => 'body']] },
    '/no-store' => { size => 500_000, gate => 'no-store', drip => [1000, 0.1],
        headers => ['Cache-Control' => 'no-store'] },
    '/failed' => { gate => 'failed', reset => -1 },
    '/whole' => { size => 3_000_000, headers => [fresh()] },
    '/killed' => { size => 200_000 },
});

my $conf = collapsing(<<'EOC', '', <<'EOL');
    proxy_http_version 1.1;
    query_cache_cancel /kill;
EOC
            query_cache_bypass $http_bypass;
            set $set "client's";
            proxy_set_header Run $query_cache_run_id;
EOL

$conf =~ s{(?=        location / \{)}{
        query_cache z;
        query_cache_valid 1h;

        location = /kill {
            internal;
            deny all;
            set \$set "not run";

            proxy_set_header Set "\$set";
            proxy_pass http://127.0.0.1:%%PORT_up%%/killed?id=\$query_cache_run_id&uri=\$uri&was=\$request_uri&args=\$args;
        }

        location = /kill2 {
            proxy_method POST;
            proxy_set_body "KILL \$query_cache_run_id";
            proxy_pass http://127.0.0.1:%%PORT_up%%/killed;
        }

        location /finish {
            query_cache_abort finish;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /no-store {
            query_cache_abort finish;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /age {
            query_cache_abort finish;
            query_cache_lock_age 500ms;
            query_cache_cancel /kill2?a=b;
            proxy_set_header Run \$query_cache_run_id;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /whole {
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /off {
            query_cache_cancel off;
            proxy_pass http://127.0.0.1:%%PORT_up%%/head;
        }

        location /nowhere {
            proxy_pass http://127.0.0.1:%%PORT_nobody%%;
        }

} or die;

$conf =~ s{(location = /stats \{)}{$1 query_cache off;};

$t->write_file_expand('nginx.conf', $conf);
$t->run;

my ($killed, $cancelled) = (0, 0);

sub leaves {
    my ($name, $uri, $gate, %o) = @_;

    my $c = one($t, $uri, %o);
    ok($up->wait_at($gate), "$name: under way");
    ok($c->await(50_000), "$name: in the body") if $gate eq 'body';
    $c->reset;

    return if $o{goes_on};

    ok($t->wait_stats('/stats', 'abort', 'cancelled', ++$cancelled),
        "$name: cancelled");

    return if $o{untold};

    ok($up->wait_requests('/killed', ++$killed), "$name: told");

    my $run = ($up->requests(qr/ \Q$uri\E/))[-1]->{headers}{run};
    my $kill = $up->last('/killed');

    like($run, qr/^[0-9a-f]{32}$/, "$name: an id");

    return $kill if $gate eq 'age';

    is($kill->{args}, "id=$run&uri=/kill&was=" . $uri . '&args=',
        "$name: of that run");

    return $kill;
}

leaves('before the header', '/head', 'head');
leaves('in the body', '/body', 'body');
leaves('bypassed', '/bypass', 'bypass', headers => [Bypass => 1]);

my $kill = leaves('a client\'s own', '/get?x=1', 'get', headers =>
    [Authorization => 'secret', 'If-None-Match' => '"1"', Cookie => 'a=b']);

is($kill->{method}, 'GET', 'its method');
is($kill->{headers}{authorization}, 'secret', 'its fields');
is($kill->{headers}{cookie}, 'a=b', 'its fields');
is($kill->{headers}{set}, 'client\'s', 'its variables');
is($kill->{headers}{'if-none-match'}, undef, 'no conditions');

$kill = leaves('with a body', '/post', 'post', method => 'POST',
    body => 'SELECT 1', headers => ['Content-Type' => 'text/plain',
    'Content-Encoding' => 'x']);

is($kill->{method}, 'GET', 'its method');
is($kill->{length} // 0, 0, 'no body');
is($kill->{headers}{$_}, undef, "no $_")
    for qw/content-type content-encoding content-length transfer-encoding/;

$kill = leaves('a bound', '/age', 'age');
is($kill->{method}, 'POST', 'a method');
is($kill->{uri}, '/killed?a=b', 'an argument');
is($kill->{body}, 'KILL ' . $up->last('/age')->{headers}{run}, 'a body');

my %ids = map { ($_->{headers}{run} // '') => 1 } $up->requests(
    qr/ \/(?:head|body|bypass|get|post|age)/);
is(scalar keys %ids, 6, 'no id is that of another');

# whom nobody is told of

leaves('finished', '/finish', 'finish', goes_on => 1);
$up->release('finish');
ok($t->wait_stats('/stats', 'abort', 'finished', 1), 'finished: stored');

leaves('off', '/off', 'head', untold => 1);

my $c = one($t, '/failed');
ok($up->wait_at('failed'), 'failed: under way');
$up->release('failed');
is($c->read_response->status, 502, 'failed: by the upstream');

is($t->get('/nowhere')->status, 502, 'nowhere: no connection');

# all that there is was read, but not sent

$c = $t->client(rcvbuf => 4096);
$c->send_request('GET', '/whole');
ok($c->await(10), 'whole: something is sent');
ok(wait_until(sub { $up->open_connections == 0 }), 'whole: read');
$c->reset;
ok(wait_until(sub { $t->access_log(qr{GET /whole}) == 1 }), 'whole: it leaves');

# it went on, and there is nothing to store

leaves('unstorable', '/no-store', 'no-store', goes_on => 1);
ok(wait_until(sub { $t->error_log(qr/run goes on/) == 3 }),
    'unstorable: goes on');
$up->release('no-store');
ok($up->wait_requests('/killed', ++$killed), 'unstorable: told');

my $stats = $t->stats('/stats');

is($stats->{cancel}{made}, $killed, 'so many were told');
is($up->hits('/killed'), $killed, 'and no more');
is($stats->{cancel}{$_}, 0, "none $_") for qw/failed refused/;
is($stats->{abort}{cancelled}, $cancelled + 1, 'so many were cancelled');

done_testing();
