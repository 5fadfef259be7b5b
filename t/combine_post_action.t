#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# post_action, which redirects a request after its answer, to a URI or to a
# named location: the answer is stored all the same, and the action runs
# after hits too.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Combine;

my $c = QC::Combine->new(routes => { '/*' => { size => 60_000 } },
    server => <<'EOF');
        location / {
            post_action /after;
            proxy_pass http://%%UP%%;
        }

        location /named/ {
            post_action @after;
            proxy_pass http://%%UP%%;
        }

        location = /after {
            query_cache off;
            proxy_pass http://%%UP%%;
        }

        location @after {
            rewrite ^ /after break;
            query_cache off;
            proxy_pass http://%%UP%%;
        }
EOF

$c->each_zone(sub {
    my $n = 0;

    for my $uri ('/a', '/named/a') {
        for my $how ('miss', 'hit', 'hit') {
            $c->$how($uri);
            ok($c->up->wait_requests('/after', ++$n), "$uri: and after it");
        }

        is($c->up->count($uri), 1, "$uri: one request");
    }
});

$c->done;
