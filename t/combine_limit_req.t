#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# limit_req and limit_conn count hits as they count every request: an entry
# is no way around them.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Combine;
use QC::Nginx;

my $c = QC::Combine->new(has => ['limit_req', 'limit_conn'],
    routes => { '/*' => { size => 900_000, kind => 'random' } },
    http => <<'EOF', server => <<'EOF2');
    limit_req_zone $http_x_zone zone=req:1m rate=1r/m;
    limit_conn_zone $http_x_zone zone=conn:1m;
EOF
        location / {
            limit_req zone=req burst=2 nodelay;
            limit_req_status 429;
            proxy_pass http://%%UP%%;
        }

        location /conn/ {
            limit_conn conn 1;
            proxy_pass http://%%UP%%;
        }
EOF2

$c->each_zone(sub {
    $c->miss('/a');
    $c->hit('/a');
    $c->hit('/a');

    my $r = $c->ask('GET', '/a');
    is($r->status, 429, 'one too many');
    unlike($r->body, qr/"block"/, 'no body');
    is($r->header('X-Cache'), undef, 'not looked up');

    $c->miss('/conn/a');

    # the first stays: its reader does not read
    my $slow = QC::Client->new(port => port('slow'), rcvbuf => 65536);
    $slow->send_request('GET', '/conn/a', headers => [
        'X-Zone' => $c->zone, Connection => 'close']);
    ok($slow->readable(5), 'a hit under way');

    is($c->ask('GET', '/conn/a')->status, 503, 'a second one');

    is($slow->read_response->body_length, 900_000, 'the first is whole');
    $c->hit('/conn/a');
});

$c->done(4);
