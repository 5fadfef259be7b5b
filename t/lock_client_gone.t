#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Clients leave.  That of a fill takes it along, and of those who wait one runs
# the upstream; one that waits leaves alone, over HTTP/1 and HTTP/2; one that
# has only ended its sending side gets its answer.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Collapse;
use QC::Nginx;
use QC::Upstream;
use QC::Util qw/need_program slurp spawn stop_process/;

need_program('curl');

my $t = QC::Nginx->new->has(qw/http proxy v2 query_cache/);

my $up = QC::Upstream->start(port => port('up'), routes => {
    (map { my $name = $_; ("/$name" => sub {
        my ($req, $n) = @_;
        my $gate = $n == 1 ? $name : "$name-more";
        return { size => 400_000, headers => [fresh()],
            $name eq 'body' ? (at => [[200_000, gate => $gate]])
                : (gate => $gate) };
    }) } qw/head body waits half ignored two/),
});

my $conf = collapsing('', '', '');

$conf =~ s{(?=        location = /stats)}{
        location /ignored {
            query_cache z;
            proxy_ignore_client_abort on;
            add_header X-Status \$query_cache_status;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

} or die;

$conf =~ s{( *)(listen 127.0.0.1:%%PORT_)8080(%%) reuseport;}
    {$&\n$1${2}h2$3 http2;} or die;

$t->write_file_expand('nginx.conf', $conf);
$t->run;

# that of the fill: before the header, and amid the body

for my $name (qw/head body/) {
    my $fill = one($t, "/$name");
    ok($up->wait_at($name), "$name: one runs the upstream");

    my @others = crowd($t, 5, "/$name");
    $fill->reset;
    ok($up->wait_at("$name-more"), "$name: it leaves: another one runs it");

    $up->release($_) for $name, "$name-more";
    my @r = answers(@others);
    is(said(@r), '4 HIT, 1 MISS', "$name: answered");
    is($up->hits("/$name"), 2, "$name: by one run more");
    is(scalar(grep { $_->body_length == 400_000 } @r), 5, "$name: whole");
}

# the upstream runs on, and what it says is stored

my $fill = one($t, '/ignored');
ok($up->wait_at('ignored'), 'ignored: one runs the upstream');
my @others = crowd($t, 5, '/ignored');
$fill->reset;
$up->release($_) for 'ignored', 'ignored-more';
like(said(answers(@others)), qr/^(?:5 HIT|4 HIT, 1 MISS)$/,
    'ignored: answered');

# those who wait

$fill = one($t, '/waits');
ok($up->wait_at('waits'), 'waits: one runs the upstream');
@others = crowd($t, 6, '/waits');
$_->reset for splice @others, 0, 3;
ok(wait_until(sub { $t->error_log(qr/closed connection while it waited/) == 3 }),
    'waits: some leave');
$up->release('waits');
is(said(answers($fill, @others)), '3 HIT, 1 MISS', 'waits: answered');
is($up->hits('/waits'), 1, 'waits: by one run of the upstream');

# with one side closed

$fill = one($t, '/half');
ok($up->wait_at('half'), 'half: one runs the upstream');
@others = crowd($t, 3, '/half');
shutdown $_->socket, 1 for @others;
$t->get('/stats');
$up->release('half');
is(said(answers($fill, @others)), '3 HIT, 1 MISS', 'half: answered');

# all streams of a connection of HTTP/2

$fill = one($t, '/two');
ok($up->wait_at('two'), 'HTTP/2: one runs the upstream');

my $waited = waited($t);
my $gone = qr/closed connection while it waited/;
my $before = $t->error_log($gone);
my @curl = ('curl', '-sv', '--http2-prior-knowledge', '-H',
    'Host: localhost', 'http://127.0.0.1:' . port('h2') . '/two');
my $pid = spawn('curl', \@curl);

ok($t->wait_stats('/stats', 'lock', 'waited', $waited + 1),
    'HTTP/2: another waits');
stop_process($pid, 'KILL');
ok(wait_until(sub { $t->error_log($gone) == $before + 1 }),
    'HTTP/2: it leaves');

spawn('curl', \@curl, out => $t->testdir . "/curl$_") for 1, 2;

ok($t->wait_stats('/stats', 'lock', 'waited', $waited + 3),
    'HTTP/2: others wait');
$up->release('two');
is(said(answers($fill)), '1 MISS', 'HTTP/2: answered');
ok(wait_until(sub { slurp($t->testdir . "/curl$_") =~ /x-status: HIT/i }),
    'HTTP/2: who has waited, too') for 1, 2;

done_testing();
