#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Users of a real ClickHouse never get each other's answers, however they say
# who they are, by the default configuration: the query is the same byte for
# byte, what they may see is not.  Leaving arguments out of the key does not
# change that.  Only query_cache_share lets them share, and then it does.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use MIME::Base64 qw/encode_base64/;

use QC::Nginx;
use QC::Services qw/clickhouse/;

time_limit(300);

my $t = QC::Nginx->new->has(qw/http proxy query_cache map/);

# ClickHouse 18.16 has no filters of rows.  A user sees the databases that he
# is allowed to, and in system.processes who he is.

my $ch = clickhouse(own => 1);
my %password = (alice => 'secret-a', bob => 'secret-b');
my $users = join '', map { <<"EOF" } sort keys %password;
        <$_>
            <password>$password{$_}</password>
            <networks><ip>127.0.0.1</ip></networks>
            <profile>readonly</profile><quota>default</quota>
            <allow_databases><database>$_</database></allow_databases>
        </$_>
EOF

for my $user (sort keys %password) {
    $ch->query("CREATE DATABASE $user");
    $ch->query("CREATE TABLE $user.sales (v String) ENGINE = Memory");
    $ch->query("INSERT INTO $user.sales VALUES ('of $user')");
}

# a change within the second in which the file was written goes unnoticed

my $file = "$ch->{dir}/users.xml";
spew($file, slurp($file) =~ s{(?=    </users>)}{$users}r);
utime 0, 0, $file;

ok(wait_until(sub {
    return !grep {
        !eval { $ch->query('SELECT 1', "user=$_&password=$password{$_}") }
    } keys %password;
}, 20), 'the users are known');

# Queries, and what each user gets; undef: refused

my %queries = (
    who              => 'SELECT DISTINCT user FROM system.processes',
    tables           => "SELECT database FROM system.tables WHERE name ="
        . " 'sales' ORDER BY database",
    'sales of alice' => 'SELECT v FROM alice.sales',
    'sales of bob'   => 'SELECT v FROM bob.sales',
);

my %rows = (
    alice  => { who => "alice\n", tables => "alice\n",
        'sales of alice' => "of alice\n" },
    bob    => { who => "bob\n", tables => "bob\n",
        'sales of bob' => "of bob\n" },
    nobody => { who => "default\n", tables => "alice\nbob\n",
        'sales of alice' => "of alice\n", 'sales of bob' => "of bob\n" },
);

my @locations = (
    default   => '',
    none      => 'query_cache_engine none;',
    raw       => 'query_cache_normalize off; query_cache_guard off;',
    fold      => 'query_cache_fold on;',
    ignore    => 'query_cache_ignore_args *;',
    keep      => 'query_cache_keep_args query;',
    by_header => 'query_cache_share $http_x_clickhouse_user'
        . ' $http_x_clickhouse_key;',
    by_basic  => 'query_cache_share $http_authorization;',
    by_args   => 'query_cache_share $arg_user $arg_password;',
    by_cookie => 'query_cache_share $cookie_sid;',
);

my $locations = '';

for (my $n = 0; $n < @locations; $n += 2) {
    $locations .= <<"EOF";
        location /$locations[$n]/ {
            query_cache z;
            $locations[$n + 1]
            proxy_pass http://127.0.0.1:${\$ch->port}/;
        }

EOF
}

$t->write_file_expand('nginx.conf', <<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        disk %%TESTDIR%%/store;
    }

    # a session, which ClickHouse does not know

    map \$cookie_sid \$user {
        default   \$http_x_clickhouse_user;
        sid-alice alice;
        sid-bob   bob;
    }

    map \$cookie_sid \$secret {
        default   \$http_x_clickhouse_key;
        sid-alice $password{alice};
        sid-bob   $password{bob};
    }

    query_cache_engine  clickhouse;
    query_cache_methods GET POST;
    query_cache_valid   200 10m;
    proxy_http_version  1.1;
    proxy_set_header    X-ClickHouse-User \$user;
    proxy_set_header    X-ClickHouse-Key \$secret;
    add_header          X-Cache \$query_cache_status always;

    server {
        listen 127.0.0.1:%%PORT_8080%%;

$locations
        location = /stats {
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

# How a user says who he is: the arguments, and the fields

my %ways = (
    header => sub { return '', 'X-ClickHouse-User' => $_[0],
        'X-ClickHouse-Key' => $_[1] },
    basic  => sub { return '', Authorization =>
        'Basic ' . encode_base64("$_[0]:$_[1]", '') },
    args   => sub { return "user=$_[0]&password=$_[1]" },
    coded  => sub { return "us%65r=$_[0]&%70assword=$_[1]" },
    cookie => sub { return '', Cookie => 'theme=dark; sid='
        . ($_[1] =~ /^secret/ ? 'sid' : 'no') . "-$_[0]" },
);


sub ask {
    my ($location, $way, $method, $query, $user, $password) = @_;

    my ($args, @fields) = $user eq 'nobody' ? ('')
        : $ways{$way}->($user, $password // $password{$user});

    my $escaped = $query =~ s/([^\w.])/sprintf '%%%02X', ord $1/ger;
    my @args = grep { $_ ne '' } $args,
        $method eq 'GET' ? "query=$escaped" : ();

    return $t->request($method, "/$location/?" . join('&', @args),
        headers => \@fields, $method eq 'POST' ? (body => $query) : ());
}


sub apart {
    my ($location, $way, $method, @users) = @_;

    @users = qw/alice bob nobody bob alice/ unless @users;

    for my $name (sort keys %queries) {
        my $what = "$location, $way, $method, $name";
        my @request = ($location, $way, $method, $queries{$name});

        # alice first: what is hers is stored when bob asks

        for my $user (@users) {
            my $rows = $rows{$user}{$name};
            my $r = ask(@request, $user);

            if (!defined $rows) {
                like($r->body, qr/Access denied/, "$what: refused, $user");
                isnt($r->header('X-Cache'), 'HIT', "$what: asked, $user");
                next;
            }

            is($r->body, $rows, "$what: his own, $user");

            ok(wait_until(sub {
                $r = ask(@request, $user);
                return $r->body ne $rows || $r->header('X-Cache') eq 'HIT';
            }), "$what: then from the cache, $user");

            is($r->body, $rows, "$what: his own again, $user");
        }

        for my $user (qw/alice bob/) {
            my $r = ask(@request, $user, 'wrong');

            # a session nobody has is nobody's

            if ($way eq 'cookie') {
                is($r->body, $rows{nobody}{$name}, "$what: not $user");

            } else {
                like($r->body, qr/Wrong password/, "$what: not $user");
                isnt($r->header('X-Cache'), 'HIT', "$what: not $user, asked");
            }
        }
    }
}


for my $location (qw/default none raw fold ignore keep/) {
    for my $way (sort keys %ways) {
        apart($location, $way, $_) for qw/GET POST/;
    }
}

# folded: what GET stored, POST has, of the same user

for my $user (qw/alice bob/) {
    my @request = ('GET', "SELECT v, 1 FROM $user.sales", $user);

    is(ask('fold', 'basic', @request)->header('X-Cache'), 'MISS',
        "$user folds: a miss");
    ok(wait_until(sub {
        return ask('fold', 'basic', @request)->header('X-Cache') eq 'HIT';
    }), "$user folds: stored");

    my $r = ask('fold', 'basic', 'POST', @request[1, 2]);
    is($r->header('X-Cache'), 'HIT', "$user folds: a hit");
    is($r->body, "of $user\t1\n", "$user folds: his own");

    my $other = $user eq 'bob' ? 'alice' : 'bob';
    like(ask('fold', 'basic', 'POST', $request[1], $other)->body,
        qr/Access denied/, "$other does not");
}

# told to share, they do, in what was named and in nothing else

my %shared = (by_header => 'header', by_basic => 'basic', by_args => 'args',
    by_cookie => 'cookie');

for my $location (sort keys %shared) {
    my $way = $shared{$location};

    for my $name (sort keys %queries) {
        my @request = ($location, $way, 'POST', $queries{$name});
        my ($first, $second) = defined $rows{alice}{$name}
            ? qw/alice bob/ : qw/bob alice/;
        my $rows = $rows{$first}{$name};
        my $what = "$location, $name";

        ok(wait_until(sub {
            return ask(@request, $first)->header('X-Cache') eq 'HIT';
        }), "$what: stored");

        my $r = ask(@request, $second);
        is($r->header('X-Cache'), 'HIT', "$what: shared");
        is($r->body, $rows, "$what: the rows of the first");
        is(ask(@request, $second, 'wrong')->body, $rows,
            "$what: with a wrong password, too") if $way ne 'cookie';

        is(ask(@request[0 .. 3], 'nobody')->body, $way eq 'cookie'
            ? $rows{nobody}{$name} : $rows, "$what: who says nothing");
    }

    # who says nothing shares, too, with those who need not say it

    apart($location, $_, 'POST', qw/alice bob bob alice/) for grep {
        $_ ne $way && "$way $_" ne 'args coded'
    } sort keys %ways;
}

# the other cookies still count

my @request = (POST => '/by_cookie/', body => $queries{who});
my $r = $t->request(@request,
    headers => [Cookie => 'theme=light; sid=sid-bob']);
is($r->header('X-Cache'), 'MISS', 'another cookie: a miss');
is($r->body, "bob\n", 'another cookie: his own');

is($t->stats('/stats', 'store', 'failed'), 0, 'no store failed');

done_testing();
