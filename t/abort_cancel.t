#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# An upstream run whose client leaves is ended, unless "query_cache_abort"
# says otherwise and the answer may be stored: not one to HEAD, to a bypassed
# request, to one that is not to be stored, nor where the last answer was
# unstorable.  With "proxy_ignore_client_abort on", and where a handler has no
# upstream, nothing changes.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Collapse;
use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/unstorable' => [
        { body => 'no', headers => ['Cache-Control' => 'no-store'] },
        { gate => 'unstorable', headers => [fresh()] },
    ],
    (map { ("/$_" => { gate => $_, body => 'late', headers => [fresh()] }) }
        qw/bypass no_store method ignored/),
    '/default/head' => { gate => 'default', headers => [fresh()] },
    '/default/body' => { size => 500_000, headers => [fresh()],
        at => [[100_000, gate => 'default']] },
    'HEAD /finish' => { gate => 'finish', headers => [fresh()] },
});

my $conf = collapsing(<<'EOC', '', <<'EOL');
    query_cache_abort finish;
    log_format status '$uri $status $query_cache_status.';
    access_log %%TESTDIR%%/status.log status;
EOC
            query_cache_bypass $http_bypass;
            query_cache_no_store $http_no_store;
EOL

$conf =~ s{(?=        location = /stats)}{
        location /default/ {
            query_cache z;
            query_cache_abort cancel;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /ignored {
            query_cache z;
            proxy_ignore_client_abort on;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /files/ {
            query_cache z;
            query_cache_valid 1h;
            query_cache_no_store 1;
            alias %%TESTDIR%%/files/;
        }

} or die;

$t->write_file_expand('nginx.conf', $conf);
mkdir $t->testdir . '/files';
$t->write_file('files/big', 'b' x 30_000_000);
$t->run;

my $cancelled = 0;

sub leaves {
    my ($name, $uri, $gate, %o) = @_;

    my $c = one($t, $uri, %o);
    ok($up->wait_at($gate), "$name: under way");
    $c->reset;

    ok(wait_until(sub { $up->waiting($gate) == 0 }),
        "$name: the upstream is told");
    ok($t->wait_stats('/stats', 'abort', 'cancelled', ++$cancelled),
        "$name: counted");
}

leaves('default', '/default/head', 'default');
leaves('default, body', '/default/body', 'default');
leaves('HEAD', '/finish', 'finish', method => 'HEAD');
leaves('bypassed', '/bypass', 'bypass', headers => [Bypass => 1]);
leaves('not to be stored', '/no_store', 'no_store',
    headers => ['No-Store' => 1]);

is($t->get('/unstorable')->body, 'no', 'unstorable');
leaves('unstorable once', '/unstorable', 'unstorable');

my $c = one($t, '/ignored');
ok($up->wait_at('ignored'), 'ignored: under way');
$c->reset;
$up->release('ignored');
ok(wait_until(sub { $up->last('/ignored')->{outcome} eq 'done' }),
    'ignored: nginx reads on');
ok($t->wait_stats('/stats', 'store', 'stored', 1), 'ignored: stored');

# no upstream: the client's connection breaks while a file is sent

$c = $t->client(rcvbuf => 32768);
$c->send_request('GET', '/files/big');
ok($c->await(10_000), 'a file');
$c->reset;
ok(wait_until(sub { slurp($t->testdir . '/status.log') =~ m{^/files/big }m }),
    'its client leaves');

my $stats = $t->stats('/stats');

is($stats->{abort}{cancelled}, $cancelled, 'so many were cancelled');
is($stats->{abort}{finished}, 0, 'none was finished');
is($stats->{cancel}{made}, 0, 'nobody was told');
is($stats->{store}{stored}, 1, 'what nginx has read on for is stored');

like(slurp($t->testdir . '/status.log'), qr{^/default/head 499 MISS\.$}m,
    'in the access log');

done_testing();
