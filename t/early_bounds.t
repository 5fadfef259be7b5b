#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Entries are not fetched early while as many requests run the upstream as
# fill_concurrency allows fills; however these end, none of them is counted
# for longer than it runs.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Cost;
use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);
my @fresh = ('Cache-Control' => 'max-age=600');
my @late = ('Cache-Control' => 'max-age=100');

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/held/*' => { gate => 'held', body => 'held', headers => \@fresh },
    '/a/late*' => { body => 'rows', headers => \@late },
    '/a/gone' => { gate => 'gone', body => 'rows' },
    '/a/cut' => { size => 10_000, cut => 5000 },
    '/a/error' => { status => 503 },
    '/a/reset' => { reset => -1 },
    '/a/accel' => { headers => ['X-Accel-Redirect' => '/a/held-accel'] },
    '/a/elsewhere' => { headers => ['X-Accel-Redirect' => '/elsewhere/a'] },
    '/a/held-*' => { gate => 'other', body => 'rows' },
    '/elsewhere/*' => { gate => 'elsewhere', body => 'rows' },
    '/page/404' => { status => 404 },
    '/a/304' => [{ body => 'rows', headers => ['Cache-Control' => 'max-age=0',
        ETag => '"a"'] }, { status => 304 }],
    '/a/stale' => [{ body => 'rows', headers => ['Cache-Control' =>
        'max-age=0, stale-if-error=600'] }, { status => 503 }],
});

$t->write_file_expand('nginx.conf', costing(zone => 'fill_concurrency 1;',
    '/a/' => 'query_cache_refresh_ahead 1% uses=1; query_cache_revalidate on;'
        . ' query_cache_bypass $arg_bypass;',
    '/page/' => 'proxy_intercept_errors on; error_page 404 /elsewhere/page;',
    '/held/' => '', more => <<'EOF'));
        location /elsewhere/ {
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }
EOF
$t->run;

sub ahead { return $t->stats('/stats', 'fill', 'ahead') }

my $n = 0;
my $fills = 0;

# Whether a fill is begun now, of an entry that is due

sub room {
    my ($name) = @_;

    is(told($t->get("/a/late$n")), 'HIT', "$name: a hit");
    is(ahead(), ++$fills, "$name: a fill is begun");
    ok($t->wait_stats('/stats', 'store', 'stored', $n + $fills + 3),
        "$name: and ends");
    due();
}

# Another one, of which more than a hundredth is over; HEAD begins no fill

sub due {
    $n++;
    stored($t, "/a/late$n");
    ok(wait_until(sub { (lifetime($t->head("/a/late$n")) // 100) < 100 }),
        "/a/late$n: is due");
}

stored($t, "/a/$_") for qw/304 stale/;
due();

# a miss that is under way

my $c = $t->client;
$c->send_request('GET', '/held/a');
ok($up->wait_at('held'), 'a miss runs the upstream');
is(told($t->get("/a/late$n")), 'HIT', 'meanwhile: a hit');
is(ahead(), 0, 'meanwhile: no fill');
$up->release('held');
is($c->read_response->body, 'held', 'the miss has ended');
ok($t->wait_stats('/stats', 'store', 'stored', 4), 'and is stored');
room('after a miss');

# clients that leave; connections that stay

$c = $t->client;
$c->send_request('GET', '/a/gone');
ok($up->wait_at('gone'), 'another miss');
$c->reset;
ok(wait_until(sub { ($up->last('/a/gone') // {})->{outcome} eq 'closed' }),
    'its client leaves');
room('after a client has left');

my $stays = $t->client;

for my $name (qw/cut error reset error?bypass=1/) {
    eval { $stays->get("/a/$name") };
    room("after $name");
}

is(told($stays->get('/a/304')), 'REVALIDATED stale', 'validated');
room('after a 304');
is(told($stays->get('/a/stale')), 'STALE stale', 'stale for an error');
room('after an error');

# what goes on in another location

for (['/a/elsewhere', 'elsewhere'], ['/page/404', 'elsewhere']) {
    my ($uri, $gate) = @$_;

    $up->ask('hold', $gate);
    $c = $t->client;
    $c->send_request('GET', $uri);
    ok($up->wait_at($gate), "$uri: redirected");
    room("$uri: meanwhile");
    $up->release($gate);
    is($c->read_response->body, 'rows', "$uri: ended");
}

$c = $t->client;
$c->send_request('GET', '/a/accel');
ok($up->wait_at('other'), 'redirected to where the cache is, too');
is(told($t->get("/a/late$n")), 'HIT', 'meanwhile: a hit');
is(ahead(), $fills, 'meanwhile: no fill');
$up->release('other');
is($c->read_response->body, 'rows', 'it has ended');
room('after it');

done_testing();
