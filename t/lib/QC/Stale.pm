package QC::Stale;

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Entries that may be served stale while they are fetched anew.
#
#     my $up = QC::Upstream->start(..., routes => {
#         '/a' => [{ body => 'old', headers => stale_headers() },
#                  { body => 'new', headers => ['Cache-Control' => ...] }],
#     });
#     ...
#     $t->get('/a');
#     wait_stale($t, '/stats', 1);    # one entry is stored, and stale
#     $t->get('/a');                  # "old", and "new" is fetched

use strict;
use warnings;

use parent 'Exporter';

use Time::HiRes qw/time/;

use QC::Util qw/wait_until/;

our @EXPORT = qw/stale_headers wait_stale/;

use constant LIFETIME => 0;     # seconds


sub stale_headers {
    return ['Cache-Control' => 'max-age=' . LIFETIME
        . ', stale-while-revalidate=600', @_];
}


# Waits until that many stores are done, and what was stored by then is stale

sub wait_stale {
    my ($t, $stats, $stored) = @_;

    $t->wait_stats($stats, 'store', 'stored', $stored) or return 0;

    my $end = int(time()) + LIFETIME;

    return wait_until(sub { time() >= $end }, LIFETIME + 2);
}


1;
