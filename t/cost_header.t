#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# What an answer costs is the time until the upstream's header, however long
# its body, or the client, takes; of several upstreams it is that of the one
# that answered.  A hit costs what its entry has cost.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Cost;
use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);
my $fresh = ['Cache-Control' => 'max-age=600'];

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/a/late' => { delay => 0.3, body => 'late', headers => $fresh },
    '/a/long' => { size => 1000, at => [[500, gate => 'long']],
        headers => $fresh },
    '/a/wait' => { delay => 0.5, body => 'wait', headers => $fresh },
    '/two/next' => { body => 'next', headers => $fresh },
});

my $bad = QC::Upstream->start(port => port('bad'), routes => {
    '/*' => { delay => 0.5, status => 503 },
});

$t->write_file_expand('nginx.conf', costing('/a/' => '',
    http => 'upstream two { server 127.0.0.1:%%PORT_bad%%;'
        . ' server 127.0.0.1:%%PORT_up%% backup; }',
    more => <<'EOF'));
        location /two/ {
            query_cache z;
            proxy_pass http://two;
            proxy_next_upstream http_503;
        }

        location /file {
            query_cache z;
            query_cache_valid 1h;
        }
EOF
$t->write_file('file', 'a file');
$t->run;

sub cost { return $_[0]->header('X-Cost') }

my $miss = stored($t, '/a/late');
like(cost($miss), qr/^0\.\d{3}$/, 'seconds, with milliseconds');
cmp_ok(cost($miss), '>=', 0.29, 'the time until the header');
cmp_ok(cost($miss), '<=', $miss->t_head - $miss->t_sent + 0.01, 'no more');

my $hit = $t->get('/a/late');
is(told($hit), 'HIT', 'a hit');
is(cost($hit), cost($miss), 'costs what the miss did');

# the body is held for as long as another answer takes

my $c = $t->client;
$c->send_request('GET', '/a/long');
ok($up->wait_at('long'), 'a body that takes long');
cmp_ok(cost(stored($t, '/a/wait')), '>=', 0.49, 'another answer meanwhile');
$up->release('long');

my $r = $c->read_response;
is($r->body_length, 1000, 'and it is whole');
ok($t->wait_stats('/stats', 'store', 'stored', 3), 'stored');
cmp_ok(cost($t->get('/a/long')), '<', $r->elapsed - 0.4,
    'the body costs nothing');

# another upstream

$r = stored($t, '/two/next');
is($r->body, 'next', 'the second upstream has answered');
cmp_ok($r->elapsed, '>=', 0.49, 'after the first');
cmp_ok(cost($t->get('/two/next')), '<', $r->elapsed - 0.4,
    'what the second has cost');

# no upstream

stored($t, '/file');
like(cost($t->get('/file')), qr/^0\.\d{3}$/, 'of a file');

done_testing();
