#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# No-Vary-Search: what an answer says of its arguments holds for the requests
# of its path that come later, in the index of one machine and, through Redis,
# on other edges. The last answer that was stored is right; arguments that
# matter, and those that say who asks, never share an answer; and what is no
# rule, from the upstream or in Redis, is as if there were none.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::FakeS3;
use QC::Nginx;
use QC::Redis;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);
my $other = QC::Nginx->new;

# says which answer of its path this is and to what arguments; the fields of
# a request that begin with "X-Say-" are those of its answer

my %n;

sub origin {
    my ($req) = @_;
    my %say = map { /^x-say-(.*)/ ? ($1 => $req->{headers}{$_}) : () }
        keys %{$req->{headers}};

    my @fields = map { my $name = $_; map { ($name => $_) }
        split /;;/, $say{$name}, -1 } sort keys %say;
    push @fields, 'Cache-Control' => 'max-age=600'
        unless exists $say{'cache-control'};

    return { status => 204 } if $req->{method} eq 'PUT';
    return { status => 304, headers => \@fields }
        if $say{etag} && ($req->{headers}{'if-none-match'} // '') eq $say{etag};

    return { body => ++$n{$req->{path}} . " $req->{args}",
        headers => \@fields };
}

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => \&origin,
    'QUERY /*' => \&origin,
    'POST /*' => \&origin,
    'PUT /*' => \&origin,
});
my $s3 = QC::FakeS3->start(port => port('s3'));
my $redis = QC::Redis->start(port => port('redis'));

sub edge {
    my ($port) = @_;

    return <<"EOF";

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone local {
        s3 http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;
    }

    query_cache_zone shared {
        redis redis://127.0.0.1:%%PORT_redis%%;
        s3 http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;
    }

    proxy_http_version 1.1;
    add_header X-Status "\$query_cache_status \$query_cache_reason" always;

    server {
        listen 127.0.0.1:%%PORT_$port%%;

        query_cache_methods GET HEAD QUERY;
        query_cache_no_vary_search on;

        location / {
            query_cache local;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /shared/ {
            query_cache shared;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /off/ {
            query_cache local;
            query_cache_no_vary_search off;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /hidden/ {
            query_cache local;
            proxy_hide_header No-Vary-Search;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /key/ {
            query_cache local;
            query_cache_key args=\$arg_a;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /identity/ {
            query_cache local;
            query_cache_identity \$arg_team;
            query_cache_share \$arg_sid;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /args/ {
            query_cache local;
            query_cache_normalize args;
            query_cache_ignore_args utm_*;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /post/ {
            query_cache local;
            query_cache_methods GET POST;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /json/ {
            query_cache local;
            query_cache_integrity json;
            query_cache_hit_for_miss 1h;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /stats/local {
            query_cache off;
            query_cache_admin local;
        }

        location = /stats/shared {
            query_cache off;
            query_cache_admin shared;
        }
    }
}

EOF
}

$t->write_file_expand('nginx.conf', edge('8080'));
$other->write_file_expand('nginx.conf', edge('8081'));

$_->run for $t, $other;

my %stored;

sub is_stored {
    my ($uri, $port) = @_;
    my $zone = $uri =~ m{^/shared/} ? 'shared' : 'local';
    my $n = ++$stored{"$zone $port"};

    wait_until(sub { $t->stats("/stats/$zone", 'store', 'stored',
        port => $port) >= $n }) or fail("$uri: stored");
}

# ask(uri, "HIT 1 a=1", name, field => value of the answer, ...): the first
# answer of the path, which was to a=1

sub ask {
    my ($uri, $expected, $name, %say) = @_;
    my $method = delete $say{method} // 'GET';
    my $port = delete $say{port} // '8080';
    my $headers = delete $say{headers} // [];
    my $body = delete $say{body};
    my $rule = delete $say{rule};

    $say{'No-Vary-Search'} = $rule if defined $rule;

    my $r = $t->request($method, $uri, port => $port, headers =>
        [@$headers, map { ("X-Say-$_" => $say{$_}) } sort keys %say],
        defined $body ? (body => $body) : ());

    is(($r->header('X-Status') =~ s/ $//r) . ' ' . $r->body, $expected,
        "$method $uri: $name");

    is_stored($uri, $port) if $expected =~ /^MISS/;

    return $r;
}

sub miss {
    my ($uri, $n, @more) = @_;

    return ask($uri, "MISS absent $n " . ($uri =~ s/^[^?]*\??//r), @more);
}

for my $zone ('local', 'shared') {

    # on one edge it is stored, on the other it is found

    my @there = (port => '8080');
    my @here = (port => $zone eq 'shared' ? '8081' : '8080');
    my ($uri, $n);

    # a list of names

    $uri = "/$zone/params";
    my @list = (rule => 'params=("x" "y")');

    miss("$uri?a=1&x=1", 1, 'first', @list, @there);
    ask("$uri?a=1&x=2", 'HIT 1 a=1&x=1', 'x does not matter', @here);
    ask("$uri?y=2&a=1&x", 'HIT 1 a=1&x=1', 'nor does y', @here);
    ask("$uri?a=1", 'HIT 1 a=1&x=1', 'nor whether they are there', @here);
    ask("$uri?&a=1&", 'HIT 1 a=1&x=1', 'nor an empty one', @here);
    is(ask("$uri?a=1&x=3", 'HIT ', 'HEAD', method => 'HEAD', @here)
        ->header('No-Vary-Search'), 'params=("x" "y")', 'HEAD: the field');
    miss("$uri?a=2&x=1", 2, 'a matters', @list, @here);
    miss("$uri?a=1&b=1", 3, 'b does', @list, @here);
    miss("$uri?b=1&a=1", 4, 'the order does', @list, @here);
    miss("$uri?A=1", 5, 'case does', @list, @here);
    miss("$uri?a=1&a=1", 6, 'how often it is there does', @list, @here);
    miss("$uri?a=1&x%20=1", 7, 'a longer name does', @list, @here);
    ask("$uri?a=2&x=9", 'HIT 2 a=2&x=1', 'the second', @there);
    ask("$uri?a=1&x=9", 'HIT 1 a=1&x=1', 'the first is there', @there);
    miss("/$zone/params2?a=1&x=2", 1, 'another path', @list, @here);

    # none, and all but some, in both spellings

    for my $rule ('params', 'params=?1', 'except=()', 'params, except=()') {
        $uri = "/$zone/all" . ++$n;

        miss("$uri?a=1", 1, $rule, rule => $rule, @there);
        ask("$uri?b=2", 'HIT 1 a=1', 'another argument', @here);
        ask($uri, 'HIT 1 a=1', 'no argument', @here);
        ask("$uri?", 'HIT 1 a=1', 'an empty query', @here);
    }

    for my $rule ('except=("a" "b c")', 'params, except=("a" "b c")',
                  'params;;except=("a" "b c")')
    {
        $uri = "/$zone/except" . ++$n;

        miss("$uri?a=1&b+c=1&x=1", 1, $rule, rule => $rule, @there);
        ask("$uri?y=1&a=1&b%20c=1", 'HIT 1 a=1&b+c=1&x=1', 'x', @here);
        miss("$uri?a=2&b+c=1", 2, 'a', rule => $rule, @here);
        miss("$uri?a=1", 3, 'b c', rule => $rule, @here);
    }

    # the order

    $uri = "/$zone/order";

    miss("$uri?a=1&b=1&a=2", 1, 'first', rule => 'key-order', @there);
    ask("$uri?b=1&a=1&a=2", 'HIT 1 a=1&b=1&a=2', 'of names', @here);
    miss("$uri?a=2&a=1&b=1", 2, 'of one name', rule => 'key-order', @here);
    miss("$uri?a=1&b=2&a=2", 3, 'values', rule => 'key-order', @here);

    $uri = "/$zone/both";

    miss("$uri?a=1&b=1&x=1", 1, 'first', @there,
        rule => 'key-order, params=("x")');
    ask("$uri?x=2&b=1&a=1", 'HIT 1 a=1&b=1&x=1', 'both', @here);

    # encodings

    $uri = "/$zone/encoded";
    @list = (rule => 'params=("x" "%e4%bd%a0")');

    miss("$uri?%c3%a9+a=%61+b&x=1", 1, 'first', @list, @there);
    ask("$uri?%C3%A9%20a=a%20b&%78=2&%E4%BD%A0=1",
        'HIT 1 %c3%a9+a=%61+b&x=1', 'another encoding', @here);
    miss("$uri?%c3%a9+a=%61+b&%2578=1", 2, 'encoded twice', @list, @there);
    miss("$uri?%ff=1&x=1", 3, 'not UTF-8', @list, @there);
    ask("$uri?%ff=1&x=1", 'HIT 3 %ff=1&x=1', 'as it is', @here);
    miss("$uri?%ff=1&x=2", 4, 'not UTF-8: all matters', @list, @here);

    # what is no rule

    for my $rule ('params=("x"', 'params=x', 'params=(x)', 'params=?0',
                  'PARAMS', 'key-order=1', 'params=("x"), except=("y")',
                  'params=("x");;,', '"', 'params=()', 'key-order=?0', '',
                  join ';;', ('params') x 9)
    {
        $uri = "/$zone/invalid" . ++$n;

        miss("$uri?a=1&x=1", 1, "\"$rule\"", rule => $rule, @there);
        miss("$uri?a=1&x=2", 2, 'x matters', rule => $rule, @here);
        ask("$uri?a=1&x=1", 'HIT 1 a=1&x=1', 'as it is', @here);
    }

    # the last one that was stored is right

    $uri = "/$zone/later";
    my (@x, @y);
    @x = (rule => 'params=("x")');
    @y = (rule => 'params=("y")');

    miss("$uri?a=1&x=1", 1, 'no rule', @there);
    miss("$uri?a=2&x=1", 2, 'it appears', @x, @here);
    ask("$uri?a=2&x=2", 'HIT 2 a=2&x=1', 'it holds', @there);
    miss("$uri?a=1&x=1", 3, 'for what is there, too', @x, @there);
    miss("$uri?a=3&x=1", 4, 'it changes', @y, @here);
    ask("$uri?a=3&x=1&y=1", 'HIT 4 a=3&x=1', 'the new one holds', @there);
    miss("$uri?a=3&x=2", 5, 'x matters now', @y, @here);
    miss("$uri?a=2&x=2", 6, 'to older answers, too', @y, @there);
    miss("$uri?a=4&x=1&y=1", 7, 'it disappears', @there);
    ask("$uri?a=4&x=1&y=1", 'HIT 7 a=4&x=1&y=1', 'as it is', @here);
    miss("$uri?a=4&x=1&y=2", 8, 'all matters', @here);
    miss("$uri?a=5&y=1", 9, 'it is there again', @y, @here);
    ask("$uri?a=3&x=1&y=7", 'HIT 4 a=3&x=1', 'with what it was said of',
        @there);
    miss("$uri?a=4&x=1&y=1", 10, 'and nothing else', @y, @here);

    # not all that one rule takes for equal is equal to another

    $uri = "/$zone/narrow";

    miss("$uri?a=1", 1, 'c does not matter', rule => 'params=("c")', @there);
    miss("$uri?a=2&b=1", 2, 'b does not', rule => 'params=("b")', @there);
    miss("$uri?a=1&b=1", 3, 'to the first, it does', @here,
        rule => 'params=("b")');

    # variants

    $uri = "/$zone/vary";
    @x = (Vary => 'X-A', rule => 'params=("x")');
    @y = (Vary => 'X-A', rule => 'params=("y")');
    my @a = map { [headers => ['X-A' => $_]] } 0 .. 3;

    miss("$uri?a=1&x=1", 1, 'first', @x, @{$a[1]}, @there);
    ask("$uri?a=1&x=2", 'HIT 1 a=1&x=1', 'a hit', @{$a[1]}, @here);
    miss("$uri?a=1&x=3", 2, 'another variant', @x, @{$a[2]}, @here);
    ask("$uri?x=4&a=1", 'HIT 2 a=1&x=3', 'the second', @{$a[2]}, @there);
    ask("$uri?x=4&a=1", 'HIT 1 a=1&x=1', 'the first', @{$a[1]}, @there);
    miss("$uri?a=1&x=5", 3, 'another rule', @y, @{$a[3]}, @here);
    ask("$uri?a=1&x=5&y=1", 'HIT 3 a=1&x=5', 'a hit', @{$a[3]}, @there);
    miss("$uri?a=1&x=5", 4, 'another variant', @y, @{$a[1]}, @there);
    miss("$uri?a=1&x=5", 5, 'no rule', @{$a[2]}, @here);
    ask("$uri?a=1&x=5", 'HIT 5 a=1&x=5', 'no variant', @{$a[1]}, @there);

    # QUERY asks by its body, too

    $uri = "/$zone/query";
    @x = (rule => 'params=("x")');
    my @query = (method => 'QUERY', body => 'q1', headers =>
        ['Content-Type' => 'text/plain']);

    miss("$uri?a=1&x=1", 1, 'first', @query, @x, @there);
    ask("$uri?a=1&x=2", 'HIT 1 a=1&x=1', 'a hit', @query, @here);
    miss("$uri?a=1&x=3", 2, 'another query', @query, body => 'q2', @x, @here);
    miss("$uri?a=1&x=3", 3, 'another method', @x, @here);

    # validation

    $uri = "/$zone/valid";
    my @valid = (ETag => '"1"', 'Cache-Control' => 'no-cache', @there);

    miss("$uri?a=1&x=1", 1, 'first', @valid, @x);
    ask("$uri?a=1&x=2", 'REVALIDATED stale 1 a=1&x=1', 'said again', @valid,
        @x);
    ask("$uri?a=1&x=3", 'REVALIDATED stale 1 a=1&x=1', 'not said', @valid);
    ask("$uri?a=1&x=4", 'REVALIDATED stale 1 a=1&x=1', 'another rule', @valid,
        rule => 'params=("y")');
    miss("$uri?a=1&x=4", 2, 'it was not kept', @valid, ETag => '"2"',
        rule => 'params=("y")');
    ask("$uri?a=1&x=4&y=1", 'REVALIDATED stale 2 a=1&x=4', 'a hit', @valid,
        ETag => '"2"');

    # in the background

    $uri = "/$zone/fill";
    @y = (rule => 'params=("y")');
    my @fill = ('Cache-Control' => 'max-age=0, stale-while-revalidate=600');

    miss("$uri?a=1&x=1", 1, 'first', @fill, @x, @there);
    ask("$uri?a=1&x=2", 'UPDATING 1 a=1&x=1', 'stale', @fill, @x, @there);
    is_stored($uri, $there[1]);
    ask("$uri?a=1&x=3", 'UPDATING 2 a=1&x=2', 'stored anew', @y, @there);
    is_stored($uri, $there[1]);
    ask("$uri?a=1&x=3&y=1", 'HIT 3 a=1&x=3', 'by another rule', @here);
    miss("$uri?a=1&x=4", 4, 'x matters now', @y, @there);

    # invalidation: what has several URIs has that of the path

    $uri = "/$zone/put";

    miss("$uri?a=1&x=1", 1, 'first', @x, @there);
    miss("$uri?a=2&x=1", 2, 'second', @x, @there);
    is($t->request('PUT', "$uri?a=1&x=2", @there)->status, 204, 'a change');
    ask("$uri?a=1&x=1", 'MISS invalidated 3 a=1&x=1', 'as it was asked for',
        @x, @there);
    ask("$uri?a=2&x=3", 'MISS invalidated 4 a=2&x=3', 'of all arguments',
        @x, @there);
    ask("$uri?a=1&x=4", 'HIT 3 a=1&x=1', 'stored anew', @here);
}

# where it is off, and where the arguments are not in the key

miss('/off/a?x=1', 1, 'off', rule => 'params');
miss('/off/a?x=2', 2, 'off', rule => 'params');

miss('/hidden/a?a=1&x=1', 1, 'kept from clients', rule => 'params=("x")');
ask('/hidden/a?a=1&x=2', 'HIT 1 a=1&x=1', 'it counts');
miss('/hidden/a?a=2', 2, 'and no more than it says', rule => 'params=("x")');

miss('/key/a?a=1&x=1', 1, 'an argument is in the key', rule => 'params');
ask('/key/a?a=1&x=2', 'HIT 1 a=1&x=1', 'no other is');
miss('/key/a?a=2', 2, 'and that stays', rule => 'params');

miss('/args/a?b=1&a=1&x=1', 1, 'normalised', rule => 'params=("x")');
ask('/args/a?utm_x=1&x=2&a=1&b=1', 'HIT 1 b=1&a=1&x=1', 'both');

# who asks is not for the upstream to say

my @all = (rule => 'params');

miss('/identity/a?a=1&token=1', 1, 'a token', @all);
ask('/identity/a?a=2&token=1', 'HIT 1 a=1&token=1', 'the same one');
ask('/identity/a?%74oken=1&a=2', 'HIT 1 a=1&token=1', 'encoded');
miss('/identity/a?a=1&token=2', 2, 'another one', @all);
miss('/identity/a?a=1', 3, 'none', @all);
miss('/identity/a?a=1&team=1', 4, 'a team', @all);
ask('/identity/a?team=1', 'HIT 4 a=1&team=1', 'the same one');
miss('/identity/a?a=1&team=2', 5, 'another one', @all);
ask('/identity/a?a=1&sid=2', 'HIT 3 a=1', 'the operator says it');

# not of POST

my @post = (method => 'POST', body => 'q', @all);

miss('/post/a?x=1', 1, 'POST', @post);
miss('/post/a?x=2', 2, 'POST', @post);

# an unsound answer is remembered, whatever its rule is

is($t->get('/json/a?x=1', headers => ['X-Say-No-Vary-Search' => 'params',
    'X-Say-Content-Type' => 'application/json'])->header('X-Status'), $_,
    "unsound: $_") for 'MISS absent', 'MISS hit_for_miss';

# what is no rule in Redis is none

sub rules {
    return grep {
        $redis->cli('HGET', $_, 'headers') =~ /\ANo-Vary-Search: [^\n]*\s*\z/
    } grep { !/~/ } split /\n/, $redis->cli('KEYS', 'qc:*');
}

sub new_rule {
    my ($uri, @say) = @_;
    my %before = map { $_ => 1 } rules();

    miss($uri, 1, 'first', @say);

    my ($rule) = grep { !$before{$_} } rules();
    ok($rule, "$uri: there is a rule");

    return $rule;
}

my @x = (rule => 'params=("x")');
my $rule = new_rule('/shared/hostile?a=1&x=1', @x);
my $n = 1;

ask('/shared/hostile?a=1&x=2', 'HIT 1 a=1&x=1', 'it holds');

for my $case (
    ['a rule that is none', 'HSET', $rule, 'headers',
        "No-Vary-Search: params=(\r\n"],
    ['another field', 'HSET', $rule, 'headers', "X: params\r\n"],
    ['an answer', 'HSET', $rule, 'size_bytes', 5, 'stored', 5],
    ['a marker', 'HSET', $rule, 'vary', 'x-a'],
    ['a rule of the past', 'HSET', $rule, 'created_at', 1, 'ttl', 1],
    ['no status', 'HSET', $rule, 'status', 'x'],
    ['a version to come', 'HSET', $rule, 'v', 9],
    ['a part of one', 'HDEL', $rule, 'created_at'],
    ['gone', 'DEL', $rule])
{
    my ($name, @command) = @$case;
    my $a = ++$n;

    like($redis->cli(@command), qr/^\d+\z/, $name);
    miss("/shared/hostile?a=$a&x=1", $a, 'as if there were none', @x);
    ask('/shared/hostile?a=1&x=2', 'HIT 1 a=1&x=1', 'it is replaced');
    ask("/shared/hostile?a=$a&x=2", "HIT $a a=$a&x=1", 'it holds');
}

$redis->cli('DEL', $rule);
$redis->cli('SET', $rule, 'x');
like($t->get('/shared/hostile?a=1&x=1')->header('X-Status'), qr/^MISS/,
    'no hash');

# a rule is there as long as any of its answers

$rule = new_rule('/shared/long?a=1', @x, 'Cache-Control' => 'max-age=60');

sub lives {
    my ($least) = @_;

    ok(wait_until(sub { $redis->cli('TTL', $rule) > $least }),
        "the rule lives longer than $least s");
}

cmp_ok($redis->cli('TTL', $rule), '<=', 60, 'its time');
miss('/shared/long?a=2', 2, 'a longer one', @x, ETag => '"1"',
    'Cache-Control' => 'max-age=600, no-cache');
lives(600);
ask('/shared/long?a=2&x=1', 'REVALIDATED stale 2 a=2', 'validated',
    ETag => '"1"', 'Cache-Control' => 'max-age=9000');
lives(8000);
is($redis->cli('HGET', $rule, 'headers'), 'No-Vary-Search: params=("x")'
    . "\r\n", 'and is what it was');

done_testing();
