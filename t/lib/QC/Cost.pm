package QC::Cost;

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# What answers cost, and what comes of that: one worker, the zone z on disk,
# /stats, and locations with directives of their own, each in front of what is
# below its path on the upstream "up".
#
#     $t->write_file_expand('nginx.conf', costing(
#         zone => 'fill_concurrency 2;', '/a/' => 'query_cache_early 1;'));
#     $t->run;
#     my $r = stored($t, '/a/1');         # waits until an entry more is stored
#     told($r);                           # "MISS min_cost"
#     lifetime($r);                       # what Cache-Status says of a hit
#     $r->header('X-Cost'), X-Rows, X-Bytes
#
# http => lines of http; more => lines of the server.

use strict;
use warnings;

use parent 'Exporter';

our @EXPORT = qw/costing lifetime stored told/;


sub costing {
    my (%o) = @_;

    my ($zone, $http, $more) = map { delete($o{$_}) // '' } qw/zone http more/;
    my $locations = join '', map { <<"EOF" } sort keys %o;
        location $_ {
            query_cache z;
            query_cache_methods GET HEAD POST;
            $o{$_}
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

EOF

    return <<"EOF";

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    $http

    query_cache_zone z {
        disk %%TESTDIR%%/store;
        $zone
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        add_header X-Status \$query_cache_status always;
        add_header X-Reason \$query_cache_reason always;
        add_header X-Cost \$query_cache_cost always;
        add_header X-Rows \$query_cache_read_rows always;
        add_header X-Bytes \$query_cache_read_bytes always;

$locations
        $more

        location = /stats {
            query_cache_admin z;
        }
    }
}

EOF
}


sub told {
    my ($r) = @_;

    return join ' ', grep { defined && length } map { $r->header($_) }
        qw/X-Status X-Reason/;
}


sub lifetime {
    my ($r) = @_;

    return ($r->header('Cache-Status') // '') =~ /; ttl=(-?\d+)/ ? $1 : undef;
}


# The answer to it, when an entry more is stored

sub stored {
    my ($t, $uri, %o) = @_;

    my $before = $t->stats('/stats', 'store', 'stored');
    my $r = $t->get($uri, %o);

    $t->wait_stats('/stats', 'store', 'stored', $before + 1)
        or die "$uri is not stored\n";

    return $r;
}


1;
