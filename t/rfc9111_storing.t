#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# What is stored and for how long, by the header fields of an answer: one
# table, each line with the section that says so.  A cache that reads them
# otherwise serves what it must not, or nothing.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use POSIX qw/strftime/;

use QC::FakeS3;
use QC::Nginx;
use QC::Redis;
use QC::Upstream;

# Section of RFC 9111, unless it says of which; the location, with the
# method before it, or "AUTH" for credentials; the seconds it is fresh, and
# its age unless that is 0, or the reason why it is not stored; its fields.
# {+60} is the date 60 s from now, {@+60} the same in seconds since 1970,
# {850+60} and {asc+60} in the older forms of dates.

my $table = <<'EOF';

3             | /           | freshness     |
3             | /valid      | 600           |
3             | /           | freshness     | Cache-Control: public
3             | /valid      | 600           | Cache-Control: public
4.2.1         | /           | 60            | Cache-Control: max-age=60
4.2.1         | /valid      | 60            | Cache-Control: max-age=60
4.2.1         | /           | 30            | Cache-Control: max-age=60, s-maxage=30
4.2.1         | /           | 30            | Cache-Control: s-maxage=30 & Cache-Control: max-age=60
4.2.1         | /           | 60            | Cache-Control: max-age=60 & Expires: {+900}
4.2.1         | /           | 60            | Cache-Control: max-age=60, max-age=60
4.2.1         | /           | freshness     | Cache-Control: max-age=60, max-age=90
4.2.1         | /           | freshness     | Cache-Control: max-age=60 & Cache-Control: max-age=90
4.2.1         | /valid      | freshness     | Cache-Control: max-age=soon
4.2.1         | /           | freshness     | Cache-Control: s-maxage=x, max-age=60
4.2.1         | /valid      | freshness     | Cache-Control: max-age=0
1.2.2         | /           | 31536000      | Cache-Control: max-age=2147483648
1.2.2         | /           | 31536000      | Cache-Control: max-age=99999999999999999999
1.2.2         | /           | freshness     | Cache-Control: max-age=-60
1.2.2         | /           | freshness     | Cache-Control: max-age=6e1
5.2           | /           | 60            | Cache-Control: max-age="60"
5.2           | /           | 60            | CACHE-CONTROL: MAX-AGE=60
5.2.3         | /           | 60            | Cache-Control: a, b="no-store", max-age=60
5.2           | /           | cache_control | Cache-Control: max-age=60; public
5.2           | /           | cache_control | Cache-Control: max-age=60, a="b
5.2.2.5       | /valid      | cache_control | Cache-Control: no-store
5.2.2.5       | /           | cache_control | Cache-Control: max-age=60 & Cache-Control: No-Store
5.2.2.4       | /           | cache_control | Cache-Control: max-age=60, no-cache
5.2.2.4       | /           | 60            | Cache-Control: max-age=60, no-cache="X-A"
5.2.2.4       | /           | cache_control | Cache-Control: max-age=60, no-cache="X-A", no-cache
5.2.2.7       | /           | cache_control | Cache-Control: max-age=60, private
5.2.2.7       | /           | 60            | Cache-Control: max-age=60, private="x-a, x-b"
5.2.2.7       | /           | cache_control | Cache-Control: max-age=60, private="x a"
5.2.2.7       | /           | cache_control | Cache-Control: max-age=60, private="vary"
5.2.2.2       | /           | 60            | Cache-Control: max-age=60, must-revalidate
5.2.2.8       | /           | 60            | Cache-Control: max-age=60, proxy-revalidate
5.2.2.3       | /           | 60            | Cache-Control: max-age=60, must-understand, no-store
5.2.2.3       | /           | cache_control | :status 299 & Cache-Control: max-age=60, must-understand
5.3           | /           | 700           | Expires: {+700}
5.3           | /           | 700           | Expires: {850+700}
5.3           | /           | 700           | Expires: {asc+700}
5.3           | /valid      | freshness     | Expires: {-1}
5.3           | /valid      | freshness     | Expires: 0
5.3           | /valid      | freshness     | Expires: tomorrow
4.2.1         | /           | 100           | Expires: {+3700} & Date: {+3600}
4.2.1         | /           | 100           | Expires: {-3500} & Date: {-3600}
4.2.1         | /           | freshness     | Expires: {+3600} & Date: {+3600}
5.1           | /           | 40 20         | Cache-Control: max-age=60 & Age: 20
5.1           | /           | 40 20         | Cache-Control: max-age=60 & Age: 20, 50
5.1           | /           | 60            | Cache-Control: max-age=60 & Age: old
4.2           | /           | freshness     | Cache-Control: max-age=60 & Age: 60
4.2.3         | /valid      | 600 20        | Age: 20
4.2.2         | /           | freshness     | Last-Modified: {-1000}
4.2.2         | /heuristic  | 100           | Last-Modified: {-1000}
4.2.2         | /heuristic  | 86400         | Last-Modified: {-9999999}
4.2.2         | /heuristic  | freshness     | Last-Modified: {+1000}
4.2.2         | /heuristic  | freshness     | Cache-Control: max-age=0
4.2.2         | POST /heuristic | freshness | Last-Modified: {-1000}
RFC 9110 15.1 | /heuristic  | 100           | :status 404 & Last-Modified: {-1000}
RFC 9110 15.1 | /heuristic  | freshness     | :status 403 & Last-Modified: {-1000}
3             | /           | 60            | :status 404 & Cache-Control: max-age=60
3             | /           | 60            | :status 410 & Cache-Control: max-age=60
3             | /           | 60            | :status 500 & Cache-Control: max-age=60
RFC 6585 4    | /           | status        | :status 429 & Cache-Control: max-age=60
4.1           | /           | vary          | Cache-Control: max-age=60 & Vary: *
4.1           | /           | vary          | Cache-Control: max-age=60 & Vary: Accept-Encoding, *
4.1           | /           | 60            | Cache-Control: max-age=60 & Vary: Accept-Encoding
3.5           | AUTH /      | 60            | Cache-Control: max-age=60
3.5           | AUTH /shared | cache_control | Cache-Control: max-age=60
3.5           | AUTH /shared | 60           | Cache-Control: max-age=60, public
3.5           | AUTH /shared | 60           | Cache-Control: max-age=60, must-revalidate
3.5           | AUTH /shared | 60           | Cache-Control: s-maxage=60
3.5           | AUTH /shared | 60           | X-Accel-Expires: 60
3.5           | /shared     | 60            | Cache-Control: max-age=60
3.5           | AUTH /shared/ignored | 600  | Cache-Control: max-age=60
RFC 9213 2.2  | /           | 90            | CDN-Cache-Control: max-age=90 & Cache-Control: no-store
RFC 9213 2.2  | /           | 30            | CDN-Cache-Control: max-age=90 & Query-Cache-Control: max-age=30
RFC 9213 2.2  | /valid      | 600           | CDN-Cache-Control: must-revalidate & Expires: 0
RFC 9213 2.2  | /           | cache_control | CDN-Cache-Control: private & Cache-Control: max-age=60
RFC 9213 2.1  | /           | 60            | CDN-Cache-Control: max-age=90, & Cache-Control: max-age=60
RFC 9213 2.1  | /           | 60            | CDN-Cache-Control: & Cache-Control: max-age=60
RFC 9213 2.1  | /           | freshness     | CDN-Cache-Control: max-age="90" & Cache-Control: max-age=60
RFC 9213 2.1  | /           | 90            | CDN-Cache-Control: max-age=90;x=y
RFC 9651 4.2  | /           | 90            | CDN-Cache-Control: max-age=30 & CDN-Cache-Control: max-age=90
RFC 9213 2.2  | /untargeted | 60            | CDN-Cache-Control: no-store & Cache-Control: max-age=60
RFC 9213 2.2  | /mine       | 60            | CDN-Cache-Control: no-store & Cache-Control: max-age=60
RFC 9213 2.2  | /mine       | 90            | Mine-Cache-Control: max-age=90 & Cache-Control: max-age=60
nginx         | /           | 300           | X-Accel-Expires: 300 & Cache-Control: max-age=60
nginx         | /           | 300           | X-Accel-Expires: 300 & CDN-Cache-Control: max-age=60
nginx         | /           | 300           | X-Accel-Expires: {@+300}
nginx         | /valid      | freshness     | X-Accel-Expires: 0
nginx         | /           | cache_control | X-Accel-Expires: 300 & Cache-Control: private
nginx         | /ignore/accel | 60          | X-Accel-Expires: 0 & Cache-Control: max-age=60
nginx         | /ignore/control | 600       | Cache-Control: no-store, private, max-age=60
nginx         | /ignore/control | 90        | Cache-Control: no-store & CDN-Cache-Control: max-age=90
nginx         | /ignore/control | 700       | Cache-Control: no-store & Expires: {+700}
nginx         | /ignore/expires | 600       | Expires: 0
nginx         | /ignore/cookie | 600        | Set-Cookie: a=b
nginx         | /ignore/cookie | cache_control | Set-Cookie: a=b & Cache-Control: private
nginx         | /valid      | set_cookie    | Set-Cookie: a=b
nginx         | /ignore/vary | 600          | Vary: *
nginx         | /ignore/all | 600           | X-Accel-Expires: 0 & Cache-Control: no-store & Expires: 0 & Set-Cookie: a=b & Vary: *

EOF

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

# of two fields Expires nginx from 1.23 on passes the first only

$table .= '4.2.1 | / | ' . ($t->version('1.23.0') ? 600 : 'freshness')
    . ' | Expires: {+600} & Expires: {+900}';

my $now = time();

my %form = ('' => '%a, %d %b %Y %H:%M:%S GMT', 850 => '%A, %d-%b-%y %T GMT',
    asc => '%a %b %e %H:%M:%S %Y');

sub date {
    my ($form, $after) = @_;

    return $form eq '@' ? '@' . ($now + $after)
        : strftime($form{$form}, gmtime($now + $after));
}

my @cases;

for (grep { /\S/ } split /\n/, $table) {
    my ($section, $where, $outcome, $text) = map { s/^\s+|\s+$//gr }
        split /\|/, $_, 4;
    my ($verb, $location) = $where =~ m{^(?:(\w+) )?(/\S*)$} or die $_;
    my ($status, @headers) = (200);

    for (split / & /, $text) {
        $status = $1, next if /^:status (\d+)$/;
        my ($name, $value) = /^([\w-]+):\s*(.*)$/ or die $_;
        push @headers, $name,
            $value =~ s/\{(\@|850|asc|)([+-]\d+)\}/date($1, $2)/ger;
    }

    my $path = '/row/' . @cases;

    push @cases, { name => "$section: $where: $text", verb => $verb // 'GET',
        uri => ($location eq '/' ? '' : $location) . $path, path => $path,
        outcome => $outcome,
        answer => { status => $status, headers => \@headers,
            body => "body of $path" } };
}

my $up = QC::Upstream->start(port => port('up'),
    routes => { map { $_->{path} => $_->{answer} } @cases });
my $s3 = QC::FakeS3->start(port => port('s3'));
my $redis = QC::Redis->start;

my %location = (
    '/valid/' => 'query_cache_valid any 600;',
    '/heuristic/' => 'query_cache_heuristic on;',
    '/shared/' => 'query_cache_share $http_authorization;',
    '/shared/ignored/' => 'query_cache_share $http_authorization;
            query_cache_ignore_headers Cache-Control; query_cache_valid 600;',
    '/untargeted/' => 'query_cache_targeted off;',
    '/mine/' => 'query_cache_targeted Mine-Cache-Control;',
    '/ignore/accel/' => 'query_cache_ignore_headers X-Accel-Expires;',
    map({ +"/ignore/$_->[0]/" => "query_cache_valid 600;
            query_cache_ignore_headers $_->[1];" }
        [control => 'Cache-Control'], [expires => 'Expires'],
        [cookie => 'Set-Cookie'], [vary => 'Vary'],
        [all => 'X-Accel-Expires Expires Cache-Control Set-Cookie Vary']),
);

my $locations = join '', map { <<"EOF" } sort keys %location;

        location $_ {
            $location{$_}
            proxy_pass http://127.0.0.1:%%PORT_up%%/;
        }
EOF

$t->write_file_expand('nginx.conf', <<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        redis ${\$redis->url};
        s3 http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;
    }

    query_cache          z;
    query_cache_methods  GET HEAD POST;

    add_header X-Status "\$query_cache_status \$query_cache_reason" always;
    add_header X-Key \$query_cache_key always;

    server {
        listen 127.0.0.1:%%PORT_8080%%;

        location / {
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }
$locations
        location = /query_cache {
            query_cache off;
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

sub ask {
    my ($case) = @_;

    my $auth = $case->{verb} eq 'AUTH';

    return $t->request($case->{verb} eq 'POST' ? 'POST' : 'GET',
        $case->{uri}, $auth ? (headers => [Authorization => 'Basic YTpi'])
                            : ());
}

# all that came, but what a hit has of its own, and cookies

sub fields {
    my ($r) = @_;

    return join "\n", $r->status, (sort map { lc($_->[0]) . ": $_->[1]" }
        grep { $_->[0] !~ /^(?:Date|X-Status|X-Key|Accept-Ranges|Age|Cache-Status
            |Set-Cookie|Connection)$/xi } @{$r->headers}), $r->body;
}

my $stored = 0;

for my $case (@cases) {
    my ($name, $outcome) = @$case{qw/name outcome/};
    my %sent = @{$case->{answer}{headers}};

    my $r = ask($case);
    is($r->header('Age'), $sent{Age}, "$name: a miss has the upstream's Age");

    if ($outcome =~ /^[a-z]/) {
        is($r->header('X-Status'), "MISS $outcome", "$name: not stored");
        next;
    }

    my ($lifetime, $age) = split / /, $outcome;

    is($r->header('X-Status'), 'MISS absent', "$name: a miss");
    ok($t->wait_stats('/query_cache', 'store', 'stored', ++$stored),
        "$name: stored");

    my ($born, $ttl) = map { $redis->cli('HGET',
        'qc:' . $r->header('X-Key'), $_) } qw/created_at ttl/;
    my $left = $born + $ttl - time();
    cmp_ok(abs($left - $lifetime), '<=', 5, "$name: for $lifetime s")
        or diag($left);

    my $hit = ask($case);
    is($hit->header('X-Status'), 'HIT', "$name: a hit");
    is(fields($hit), fields($r), "$name: the same");
    is($hit->header('Set-Cookie'), undef, "$name: without a cookie");
    cmp_ok(abs($hit->header('Age') - ($age // 0)), '<=', 5,
        "$name: with its Age") or diag($hit->header('Age'));
}

is($t->stats('/query_cache', 'store', 'stored'), $stored, 'nothing else');
cmp_ok(scalar @cases, '>=', 60, scalar(@cases) . ' combinations');

done_testing();
