#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# $query_cache_auto_tags names what a query is answered from, as each engine
# says it; the same list is kept with the record, and qcachectl shows it.  A
# query with sources that cannot be known says so, lest something depends on
# a list that is not whole.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::FakeS3;
use QC::Nginx;
use QC::Services qw/redis/;
use QC::Upstream;
use QC::Util qw/run_command/;

my $t = QC::Nginx->new->has(qw/http proxy query_cache/);

my $ctl = $ENV{QCACHECTL} // "$FindBin::Bin/../build/qcachectl";
my $redis = redis();
my $s3 = QC::FakeS3->start(port => port('s3'));
my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => { body => '{"data":{}}',
        headers => ['Content-Type' => 'application/json'] },
});

my @json = ('Content-Type' => 'application/json');

# engine: [what, tags, method, uri, body]

my %queries = (
    clickhouse => [
        ['a table', 'table:hits', POST => '/', 'SELECT 1 FROM hits'],
        ['of a database', 'table:db.hits', GET =>
            '/?query=SELECT%20n%20FROM%20db.hits'],
        ['two, quoted', 'table:db.hits table:other', POST => '/',
            'SELECT 1 FROM `db`."hits" AS a JOIN other AS b ON a.x = b.x'],
        ['one, twice', 'table:hits', POST => '/',
            'SELECT 1 FROM hits WHERE x IN (SELECT x FROM hits)'],
        ['behind a name', 'table:hits', POST => '/',
            'WITH w AS (SELECT 1 FROM hits) SELECT * FROM w'],
        ['none', '', POST => '/', 'SELECT 1'],
        ['a function', 'unknown:', POST => '/',
            "SELECT * FROM remote('h:9000', db, hits)"],
        ['a function and a table', 'table:hits unknown:', POST => '/',
            "SELECT dictGet('d', 'a', toUInt64(1)) FROM hits"],
        ['odd names', 'table:a%20b%2cc', POST => '/',
            'SELECT 1 FROM `a b,c`'],
        ['another case', 'table:Hits', POST => '/', 'select 1 from Hits'],
    ],
    elasticsearch => [
        ['an index', 'index:hits', POST => '/hits/_search', '{"size":1}',
            @json],
        ['indices', 'index:hits index:logs-*', GET =>
            '/hits,logs-*/_search'],
        ['all', 'index:_all', POST => '/_search', '{"size":2}', @json],
        ['several searches', 'index:hits index:logs', POST => '/_msearch',
            "{\"index\":\"hits\"}\n{\"size\":1}\n{\"index\":[\"logs\","
            . "\"hits\"]}\n{\"size\":2}\n", @json],
    ],
    druid => [
        ['SQL', 'table:wiki', POST => '/druid/v2/sql',
            '{"query":"SELECT page FROM wiki"}', @json],
        ['SQL of a schema', 'table:druid.wiki', POST => '/druid/v2/sql/',
            '{"query":"SELECT page FROM druid.\"wiki\""}', @json],
        ['native', 'datasource:wiki', POST => '/druid/v2/',
            '{"queryType":"timeBoundary","dataSource":"wiki"}', @json],
        ['a join', 'datasource:a datasource:b', POST => '/druid/v2',
            '{"queryType":"scan","dataSource":{"type":"join","left":"a",'
            . '"right":{"type":"table","name":"b"}}}', @json],
        ['a union', 'datasource:a datasource:b', POST => '/druid/v2',
            '{"queryType":"scan","dataSource":{"type":"union",'
            . '"dataSources":["a","b"]}}', @json],
    ],
    pinot => [
        ['by a member', 'table:hits', POST => '/query/sql',
            '{"sql":"SELECT page FROM hits"}', @json],
        ['by an argument', 'table:hits', GET =>
            '/query/sql?sql=SELECT%20page%20FROM%20hits'],
    ],
    cube => [
        ['measures', 'cube:Orders cube:Users', POST => '/cubejs-api/v1/load',
            '{"query":{"measures":["Orders.count"],"dimensions":'
            . '["Users.city","Orders.status"]}}', @json],
        ['by an argument', 'cube:Orders', GET => '/cubejs-api/v1/load?query='
            . '%7B%22measures%22%3A%5B%22Orders.count%22%5D%7D'],
    ],
    graphql => [
        ['fields', 'field:orders field:users', POST => '/graphql',
            '{"query":"{ orders { id } users { id __typename } }"}', @json],
        ['an alias', 'field:orders', POST => '/graphql',
            '{"query":"query Q { mine: orders(n: 1) { id } }"}', @json],
        ['a fragment', 'field:orders field:users', POST => '/graphql',
            '{"query":"{ ...f __typename } fragment f on Query { orders { id'
            . ' } ... on Query { users { id } } }"}', @json],
        ['by an argument', 'field:orders', GET =>
            '/graphql?query=%7Borders%7Bid%7D%7D'],
    ],
    json => [
        ['any', '', POST => '/api', '{"table":"hits"}', @json],
    ],
    none => [
        ['any', '', POST => '/', 'SELECT 1 FROM hits'],
    ],
);

my $servers = join '', map { <<"EOF" } sort keys %queries;
    server {
        listen 127.0.0.1:%%PORT_$_%%;
        query_cache_engine $_;

        location / {
            query_cache z;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }
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
        s3    http://127.0.0.1:%%PORT_s3%% bucket=b access_key=a secret_key=s;
    }

    log_format cache '[\$query_cache_auto_tags]';
    access_log %%TESTDIR%%/cache.log cache;

    query_cache_methods GET POST;
    query_cache_valid   200 10m;
    proxy_http_version  1.1;
    add_header          X-Cache \$query_cache_status;
    add_header          X-Key \$query_cache_key;
    add_header          X-Tags "[\$query_cache_auto_tags]";

$servers
    server {
        listen 127.0.0.1:%%PORT_8080%%;
        access_log off;

        location = /stats {
            query_cache_admin z;
        }

        location / {
            add_header X-Tags "[\$query_cache_auto_tags]";
            return 204;
        }
    }
}

EOF

$t->run;

my ($stored, $logged) = (0, 0);


sub logged {
    my @lines;

    $logged++;
    wait_until(sub {
        @lines = slurp($t->testdir . '/cache.log') =~ /^(.+)$/mg;
        return @lines >= $logged;
    });

    return $lines[-1] // '';
}


for my $engine (sort keys %queries) {
    for my $query (@{$queries{$engine}}) {
        my ($name, $tags, $method, $uri, $body, @fields) = @$query;
        my $what = "$engine, $name";
        my @request = ($method, $uri, port => $engine, headers => \@fields,
            defined $body ? (body => $body) : ());

        my $r = $t->request(@request);
        is($r->header('X-Cache'), 'MISS', "$what: a miss");
        is($r->header('X-Tags'), "[$tags]", "$what: its tags");
        is(logged(), "[$tags]", "$what: in the log");
        ok($t->wait_stats('/stats', 'store', 'stored', ++$stored),
            "$what: stored");

        my $key = $r->header('X-Key');
        is($redis->cli('HGET', "qc:$key", 'tags') =~ s/\n$//r, $tags,
            "$what: in Redis");

        my $shown = run_command([$ctl, 'record', $redis->url, $key]);
        is($shown->{exit}, 0, "$what: qcachectl") or diag($shown->{err});

        if ($tags eq '') {
            unlike($shown->{out}, qr/tags/, "$what: nothing to show");

        } else {
            like($shown->{out}, qr/^\s*tags:?\s+\Q$tags\E$/m,
                "$what: shown");
        }

        $r = $t->request(@request);
        is($r->header('X-Cache'), 'HIT', "$what: a hit");
        is($r->header('X-Tags'), "[$tags]", "$what: its tags, of a hit");
        logged();
    }
}

# a list has a limit, beyond which it says that there is more

my $sql = 'SELECT 1 FROM ' . join ' CROSS JOIN ', map {
    'table_' . 'x' x 40 . "_$_"
} 1 .. 60;
my $r = $t->post('/', $sql, port => 'clickhouse');
my $tags = $r->header('X-Tags');
like($tags, qr/^\[table:table_x+_1 .* unknown:\]$/, 'many: there is more');
cmp_ok(length $tags, '<=', 1026, 'many: bounded');
ok($t->wait_stats('/stats', 'store', 'stored', ++$stored), 'many: stored');
is('[' . $redis->cli('HGET', 'qc:' . $r->header('X-Key'), 'tags')
    =~ s/\n$//r . ']', $tags, 'many: in Redis');

is($t->get('/off')->header('X-Tags'), '[]', 'no cache, no tags');

done_testing();
