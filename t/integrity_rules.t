#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# query_cache_integrity: each kind of rule lets sound answers into the cache
# and keeps the others out, which reach the client unchanged and are counted
# by their reason; the rules of a location take the place of its engine's and
# of those around it.  After such an answer the next requests of that key do
# not look for an entry, until one is sound, or for query_cache_hit_for_miss.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Time::HiRes qw/time/;

use QC::Conf qw/refused zone/;
use QC::FakeS3;
use QC::Nginx;
use QC::Services qw/redis/;
use QC::Upstream;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $redis = redis();
my $s3 = QC::FakeS3->start(port => port('s3'));
my $up = QC::Upstream->start(port => port('up'), routes => {});

my @type = ('Content-Type' => 'application/json');
my @text = ('Content-Type' => 'text/plain');
my $many = '[' . join(',', map { "{\"row\":$_}" } 1 .. 30_000) . ']';

# Location: its directives, then answers with the reason they are kept out
# for ('' for a sound one)

my @rules = (
    json => 'query_cache_integrity json;', [
        ['{"a":1}', '', @type],
        ["[1]\n", '', @text],                   # whatever its type
        [$many, '', @type],
        ['{"a":1', 'truncated', @type],
        ['rows', 'truncated', @text],
        ['', 'truncated', @type],
        [substr($many, 0, -1), 'truncated', @type],
        ['{"a":1}]', 'truncated', @type],
    ],
    lines => 'query_cache_integrity lines;', [
        ["a\nb\n\n", '', @text],
        ["\n", '', @text],
        ["a\r\n\r\n", '', @text],
        ['{"a":1}', '', @type],                 # not lines
        ["a\nb\n", 'truncated', @text],
        ["a\nb", 'truncated', @text],
        ['', 'truncated', @text],
    ],
    is => 'query_cache_integrity /ok=true /n=3 "/s=a b" /in/0/deep=x;', [
        ['{"ok":true,"n":3,"s":"a b","in":[{"deep":"x"}]}', '', @type],
        ['{"in":[{"deep":"\u0078"}],"s":"a b","n":"3","ok":true}', '', @type],
        ['{"ok":false,"n":3,"s":"a b","in":[{"deep":"x"}]}',
            'integrity_rule', @type],
        ['{"ok":true,"n":3,"s":"a b","in":[{"deep":"y"}]}',
            'integrity_rule', @type],
        ['{"ok":true,"n":33,"s":"a b","in":[{"deep":"x"}]}',
            'integrity_rule', @type],
        ['{"ok":true,"n":3,"s":"a b"}', 'integrity_rule', @type],
        ['{"ok":"true","n":3,"s":"a b","in":[{"deep":"x"}]}',
            'integrity_rule', @type],
        ['ok', 'integrity_rule', @text],
        ['{"ok":true,"n":3,"s":"a b","in":[{"deep":"x"}]', 'truncated',
            @type],
    ],
    not => 'query_cache_integrity !/error !/rows/*/bad "!/a~1b c";', [
        ['{"rows":[]}', '', @type],
        ['{"error":null,"rows":[{"bad":false},{"bad":0},{"bad":""}]}', '',
            @type],
        ['{"a/b c":{},"rows":[{"ok":{"bad":true}}],"x":{"error":1}}', '',
            @type],
        ['rows', '', @text],
        ['{"error":"x"}', 'integrity_rule', @type],
        ['{"rows":[{},{},{"bad":true}]}', 'integrity_rule', @type],
        ['{"a/b c":1}', 'integrity_rule', @type],
        ['{"rows":' . $many . ',"error":1}', 'integrity_rule', @type],
    ],
    text => 'query_cache_integrity text=END;', [
        ["rows\nEND\n", '', @text],
        ['{"a":"END"}', '', @type],
        ['x' x 200_000 . 'END', '', @text],
        ["rows\nEN\n", 'integrity_rule', @text],
        ['', 'integrity_rule', @text],
        ['x' x 200_000, 'integrity_rule', @text],
    ],
    notext => 'query_cache_integrity !text=FAILED "!text=out of";', [
        ["rows\n", '', @text],
        ['', '', @text],
        ["FAILE D out o f\n", '', @text],
        ["rows FAILED\n", 'integrity_rule', @text],
        ['{"a":"out of memory"}', 'integrity_rule', @type],
        ['x' x 200_000 . 'FAILED' . 'x' x 200_000, 'integrity_rule', @text],
    ],
    several => 'query_cache_integrity json !/error text=END;', [
        ['{"a":"END"}', '', @type],
        ['{"a":"END"', 'truncated', @type],
        ['{"error":"END"}', 'integrity_rule', @type],
        ['{"a":"E"}', 'integrity_rule', @type],
    ],

    # engines: by name, replaced, switched off, inherited

    named => 'query_cache_integrity elasticsearch;', [
        ['{"timed_out":false}', '', @type],
        ['{"timed_out":true}', 'partial', @type],
        ['{"timed_out":false', 'truncated', @type],
    ],
    more => 'query_cache_integrity graphql !/stale;', [
        ['{"data":{},"stale":false}', '', @type],
        ['{"data":{},"stale":true}', 'integrity_rule', @type],
        ['{"errors":[{}]}', 'errors', @type],
    ],
    instead => 'query_cache_engine graphql; query_cache_integrity /v=1;', [
        ['{"errors":[{}],"v":1}', '', @type],
        ['{"data":{}}', 'integrity_rule', @type],
    ],
    off => 'query_cache_engine graphql; query_cache_integrity off;', [
        ['{"errors":[{}]}', '', @type],
        ['{"data":', '', @type],
    ],
    engine => 'query_cache_engine graphql;', [
        ['{"data":{}}', '', @type],
        ['{"errors":[{}]}', 'errors', @type],
    ],
    outer => '', [
        ['{"outer":0}', '', @type],
        ['{"outer":1}', 'integrity_rule', @type],
    ],
);

my ($locations, $outer) = ('', '');

for (my $n = 0; $n < @rules; $n += 3) {
    my $location = <<"EOF";
        location /$rules[$n]/ {
            query_cache z;
            $rules[$n + 1]
            proxy_pass http://127.0.0.1:%%PORT_up%%/;
        }

EOF
    $rules[$n] eq 'outer' ? $outer .= $location : ($locations .= $location);
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

    query_cache_zone shared {
        redis ${\$redis->url};
        s3    http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;
    }

    log_format cache '\$uri \$query_cache_status \$query_cache_reason';
    access_log %%TESTDIR%%/cache.log cache;

    query_cache_methods GET POST;
    query_cache_valid   200 10m;
    proxy_http_version  1.1;
    add_header X-Status "\$query_cache_status \$query_cache_reason" always;

    server {
        listen 127.0.0.1:%%PORT_8080%%;

$locations
        location /mark/ {
            query_cache           shared;
            query_cache_integrity !/error;
            proxy_pass http://127.0.0.1:%%PORT_up%%/;
        }

        location /short/ {
            query_cache              shared;
            query_cache_integrity    !/error;
            query_cache_hit_for_miss 1s;
            proxy_pass http://127.0.0.1:%%PORT_up%%/;
        }

        location /unmarked/ {
            query_cache              shared;
            query_cache_integrity    !/error;
            query_cache_hit_for_miss 0;
            proxy_pass http://127.0.0.1:%%PORT_up%%/;
        }
    }

    server {
        listen 127.0.0.1:%%PORT_outer%%;
        query_cache_integrity !/outer;

$outer
    }

    server {
        listen 127.0.0.1:%%PORT_stats%%;
        access_log off;

        location = /z {
            query_cache_admin z;
        }

        location = /shared {
            query_cache_admin shared;
        }
    }
}

EOF

$t->run;


sub stats {
    my ($zone, @name) = @_;

    return $t->stats("/$zone", @name, port => 'stats');
}


sub wait_stored {
    my ($zone, $least) = @_;

    return wait_until(sub {
        return stats($zone, 'store', 'stored') >= $least;
    });
}


# The last reason in the log for a path; the number of them tells when

sub logged {
    my ($path, $n) = @_;
    my @lines;

    wait_until(sub {
        @lines = slurp($t->testdir . '/cache.log') =~ /^\Q$path\E (.*)$/mg;
        return @lines >= $n;
    });

    return $lines[-1];
}

my ($stored, $case) = (0, 0);

for (my $n = 0; $n < @rules; $n += 3) {
    my ($location, undef, $answers) = @rules[$n .. $n + 2];
    my $port = $location eq 'outer' ? 'outer' : '8080';

    for my $answer (@$answers) {
        my ($body, $reason, @fields) = @$answer;
        my $path = '/' . ++$case;
        my $what = "$location, " . substr($body, 0, 40) =~ s/\n/\\n/gr
            . ($reason && ", $reason");

        # graphql proves its queries
        my $ask = sub {
            return $t->post("/$location$path", '{"query":"{a}"}',
                port => $port, headers => [@type]);
        };

        $up->set($path => { body => $body, headers => [@fields],
            chunked => 1 });

        my $counted = $reason ? stats('z', 'reason', $reason) : 0;
        my $r = $ask->();
        is($r->header('X-Status'), 'MISS absent', "$what: a miss");
        ok($r->body eq $body, "$what: its bytes");

        if ($reason) {
            is(logged("/$location$path", 1), "MISS $reason", "$what: logged");
            is(stats('z', 'reason', $reason), $counted + 1,
                "$what: counted");

            $r = $ask->();
            is($r->header('X-Status'), 'MISS hit_for_miss',
                "$what: not looked up");
            ok($r->body eq $body, "$what: its bytes again");
            is(logged("/$location$path", 2), "MISS $reason",
                "$what: logged again");
            is(stats('z', 'reason', $reason), $counted + 2,
                "$what: counted again");
            is(stats('z', 'store', 'stored'), $stored, "$what: not stored")
                or $stored++;
            next;
        }

        ok(wait_stored('z', $stored + 1), "$what: stored")
            or diag(logged("/$location$path", 1)), next;
        $stored++;
        $r = $ask->();
        is($r->header('X-Status'), 'HIT', "$what: a hit");
        ok($r->body eq $body, "$what: the same bytes");
    }
}

is(stats('z', 'index', 'entries'), $stored, 'entries');

# The mark.  Redis is asked before the first answer, not after it, for the
# entry and for what is invalid.

sub says { $up->set('/a' => { body => shift, headers => [@type] }) }

sub asks { return stats('shared', 'redis', 'commands') }

sub marked {
    my ($name, $uri, $n) = @_;

    says('{"error":1}');
    my $before = asks();
    is($t->get($uri)->header('X-Status'), 'MISS absent', "$name: absent");
    is(asks(), $before + 2, "$name: Redis is asked");
    is(logged($uri, $n), 'MISS integrity_rule', "$name: why");
}

marked('a mark', '/mark/a', 1);
my $before = asks();

for my $n (2 .. 4) {
    my $r = $t->get('/mark/a');
    is($r->header('X-Status'), 'MISS hit_for_miss', "a mark: $n");
    is($r->body, '{"error":1}', "a mark: its bytes, $n");
    is(logged('/mark/a', $n), 'MISS integrity_rule', "a mark: why, $n");
}

is(asks(), $before, 'a mark: Redis is not asked');
is(stats('shared', 'reason', 'hit_for_miss'), 3, 'a mark: counted');
is($t->get('/mark/a?b')->header('X-Status'), 'MISS absent',
    'a mark: of one key');

says('{"rows":1}');
my $r = $t->get('/mark/a');
is($r->header('X-Status'), 'MISS hit_for_miss', 'a sound one: not looked up');
ok(wait_stored('shared', 1), 'a sound one: stored');
says('{"error":2}');

for my $n (1, 2) {
    $r = $t->get('/mark/a');
    is($r->header('X-Status'), 'HIT', "a sound one: a hit, $n");
    is($r->body, '{"rows":1}', "a sound one: its bytes, $n");
}

# never, and for a time

marked('no mark', '/unmarked/a', 1);
marked('no mark, again', '/unmarked/a', 2);

marked('a short one', '/short/a', 1);
is($t->get('/short/a')->header('X-Status'), 'MISS hit_for_miss',
    'a short one: set');
my $end = time() + 2.1;
wait_until(sub { return time() > $end }, 10);
is($t->get('/short/a')->header('X-Status'), 'MISS absent',
    'a short one: over');

# another status is no verdict

$up->set('/b' => [{ status => 500, body => '{"error":1}',
    headers => [@type] }, { body => '{"rows":1}', headers => [@type] }]);
is($t->get('/mark/b')->header('X-Status'), 'MISS status', '500: absent');
is($t->get('/mark/b')->header('X-Status'), 'MISS absent', '500: no mark');

is(stats($_, 'store', 'failed'), 0, "no store failed, $_") for qw/z shared/;

# what cannot be a rule

refused($t, 'no secret here', map {
    [zone('disk ' . $t->testdir . '/other;')
        . " server { location / { query_cache_integrity $_->[0]; } }",
     $_->[1]]
} (
    ['', qr/invalid number of arguments/],
    ['nonsense', qr/invalid rule "nonsense"/],
    ['/a', qr/invalid rule "\/a"/],
    ['a=1', qr/invalid rule "a=1"/],
    ['text=', qr/invalid rule "text="/],
    ['!text=', qr/invalid rule "!text="/],
    ['text=' . 'x' x 65, qr/invalid rule/],
    ['/' . 'x' x 65 . '=1', qr/invalid rule/],
    ['!/a/b/c/d/e/f/g/h/i', qr/invalid rule/],
    ['!/a~2', qr/invalid rule/],
    ['none', qr/invalid rule "none"/],
    ['off json', qr/invalid rule "off"/],
    [join(' ', map { "!/a$_" } 1 .. 17), qr/too many rules/],
    ['json; query_cache_integrity off', qr/is duplicate/],
));

done_testing();
