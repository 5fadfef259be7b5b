#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# A folder that may not be read or written, or is none, costs no client
# anything and is logged, not once per request; when that is put right the
# cache works.  Fails if such an error ends a request, or is taken for "not
# there" and forgets an entry that is good.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Nginx;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);
my $dir = $t->testdir . '/disk';

my $up = QC::Upstream->start(port => port('up'),
    routes => { '/*' => sub { return { body => "rows of $_[0]{path}" } } });

my $conf = $t->expand(<<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        disk $dir;
        store_retries 0;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            query_cache       z;
            query_cache_valid 10m;
            add_header        X-Status \$query_cache_status;
            proxy_pass        http://127.0.0.1:%%PORT_up%%;
        }

        location = /stats {
            query_cache_admin z;
        }
    }
}

EOF

# rights mean nothing to root

if ($> == 0) {
    $conf =~ s/^user root;/user nobody nogroup;/m;
    chmod 0711, $t->testdir;
}

$t->write_file('nginx.conf', $conf);
$t->run;

sub get {
    my ($uri) = @_;

    my $r = $t->get($uri);

    return $r->status == 200 && $r->body eq "rows of $uri"
        ? $r->header('X-Status') : 'not the answer';
}

is(get('/a'), 'MISS', 'a miss');
ok($t->wait_stats('/stats', 'store', 'stored', 1), 'stored');
is(get('/a'), 'HIT', 'a hit');

my ($file) = glob "$dir/1/*/*";
my $failed = 0;

# none to read or write, then none to write

for my $mode (0, 0500) {
    my $name = $mode ? 'no writing' : 'no access';

    chmod $mode, $_ for glob("$dir/1/*"), "$dir/tmp", $dir;

    for my $n (1 .. 5) {
        is(get('/a'), $mode ? 'HIT' : 'MISS', "$name: $n");
        is(get("/new$n"), 'MISS', "$name: new, $n");

        $failed += $mode ? 1 : 2;
        ok($t->wait_stats('/stats', 'store', 'failed', $failed),
            "$name: not stored, $n");
    }

    chmod 0700, $dir, "$dir/tmp", glob "$dir/1/*";
    is(get('/a'), 'HIT', "$name: put right, a hit");
}

chmod 0, $file;
is(get('/a'), 'MISS', 'one file: a miss');
ok($t->wait_stats('/stats', 'store', 'stored', 2), 'one file: stored again');
is(get('/a'), 'HIT', 'one file: a hit');

# a start with it; nginx sees to the rights of the folder itself

ok($t->quit, 'quit');
chmod 0, "$dir/1", "$dir/tmp";
$t->run;
ok($t->wait_stats('/stats', 'disk', 'errors', 1), 'start: counted');
is(get('/a'), 'MISS', 'start: a miss');
ok($t->wait_stats('/stats', 'store', 'failed', 1), 'start: not stored');
chmod 0700, "$dir/1", "$dir/tmp";
is(get('/b'), 'MISS', 'start: put right, a miss');
ok($t->wait_stats('/stats', 'store', 'stored', 1), 'start: stored');
is(get('/b'), 'HIT', 'start: a hit');

my @lines = $t->error_log(qr/\[crit\].*13: Permission denied/);
is(scalar @lines, 2, 'logged once by each nginx')
    or diag(@lines);

done_testing();
