#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# What ClickHouse says of a query in X-ClickHouse-Summary is kept with the
# entry: rows and bytes, and the time if it is longer than that until the
# header, but not longer than the run took.  What is not valid says nothing.

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
my $full = '{"read_rows":"10000000","read_bytes":"80000000",'
    . '"written_rows":"0","written_bytes":"0","total_rows_to_read":"10000000",'
    . '"result_rows":"1","result_bytes":"4360","elapsed_ns":"%s"}';

my %bad = (
    text => 'a lot', list => '[1]', empty => '',
    negative => '{"read_rows":"-1","read_bytes":"5"}',
    huge => '{"read_rows":"18446744073709551616"}',
    twice => '{"read_rows":"1","read_rows":"1"}',
    long => '{"read_rows":"1"' . ',"a":1' x 1000 . '}',
);

sub summary {
    my ($value, %o) = @_;

    return { body => 'rows', %o,
        headers => [@fresh, 'X-ClickHouse-Summary' => $value] };
}

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/a/less' => summary(sprintf($full, 1_000_000), delay => 0.2),
    '/a/more' => summary(sprintf($full, 150_000_000),
        at => [[0, delay => 0.2]]),
    '/a/lie' => summary(sprintf($full, 1_000_000_000_000_000)),
    '/a/none' => { body => 'rows', headers => \@fresh },
    map { ("/a/$_" => summary($bad{$_})) } keys %bad,
});

$t->write_file_expand('nginx.conf', costing(
    http => q{log_format cost '$uri $query_cache_status $query_cache_cost'
        ' $query_cache_read_rows $query_cache_read_bytes';},
    '/a/' => <<'EOF'));
            access_log %%TESTDIR%%/cost.log cost;
            proxy_hide_header X-ClickHouse-Summary;
            proxy_buffer_size 16k;
            proxy_buffers 8 16k;
EOF
$t->run;

sub read_of {
    return join ' ', map { $_ // '-' } map { $_[0]->header($_) }
        qw/X-Rows X-Bytes/;
}

for my $name (qw/less more lie/) {
    my $miss = stored($t, "/a/$name");
    is(read_of($miss), '10000000 80000000', "$name: of the miss");
    is($miss->header('X-ClickHouse-Summary'), undef,
        "$name: though clients do not get it");

    my $hit = $t->get("/a/$name");
    is(told($hit), 'HIT', "$name: a hit");
    is(read_of($hit), '10000000 80000000', "$name: of the hit");

    my $cost = $hit->header('X-Cost');

    if ($name eq 'less') {
        cmp_ok($cost, '>=', 0.19, 'less: the time until the header');

    } elsif ($name eq 'more') {
        is($cost, '0.150', 'more: the time it says');

    } else {
        cmp_ok($cost, '<=', $miss->elapsed + 0.01, 'lie: the time it took');
    }
}

for my $name (sort 'none', keys %bad) {
    is(scalar(grep { defined } map { $_->header('X-Rows'),
        $_->header('X-Bytes') } stored($t, "/a/$name")), 0,
        "$name: nothing of the miss");

    my $hit = $t->get("/a/$name");
    is(told($hit), 'HIT', "$name: a hit");
    is($hit->header('X-Rows'), undef, "$name: nothing of the hit");
}

my $log = slurp($t->testdir . '/cost.log');
like($log, qr{^/a/more MISS 0\.150 10000000 80000000$}m, 'a miss in the log');
like($log, qr{^/a/more HIT 0\.150 10000000 80000000$}m, 'a hit');
like($log, qr{^/a/none MISS 0\.\d{3} - -$}m, 'nothing is known');

done_testing();
