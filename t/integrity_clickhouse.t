#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# ClickHouse says 200 with the first megabyte of an answer.  What fails later
# is a text at its end, and the answer ends as any other does: here are real
# ones.  Each reaches the client as it came and none is stored, while the
# same query without the error is.
#
# What ClickHouse 18.16 sends, seen with curl:
#
#   before 1 MB of output     400, 401, 404 or 500 and the text alone, chunked;
#                             no field says it (X-ClickHouse-Exception-Code
#                             came with later versions)
#   later                     200, the rows so far, "Code: 395,
#                             e.displayText() = DB::Exception: Value passed to
#                             'throwIf' function is non zero, e.what() =
#                             DB::Exception\n", and the last chunk
#   in TSV, CSV, JSONEachRow  the text is a line of its own; in JSON, Values,
#                             RowBinary and Native it follows the last byte of
#                             a row
#   a shard that stalls       "Code: 209, e.displayText() = DB::NetException:
#                             Timeout exceeded while reading from socket"
#   a value that is wrong     is in the text, whole, however long
#   gzip                      200; the text is in the gzip stream, which ends
#                             as it should
#   compress=1                200; blocks of LZ4: the text is not to be seen if
#                             rows before it have its words
#   wait_end_of_query=1       500, always
#   max_execution_time        as any error; with timeout_overflow_mode=break
#                             the answer just ends, and nothing says so

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Compress::Zlib ();

use QC::Client;
use QC::Nginx;
use QC::Services qw/clickhouse/;

time_limit(300);

# every chunk of a body is in a log of debugging
my $t = QC::Nginx->new(log_level => 'info')->has(qw/http proxy query_cache/);

my $ch = clickhouse();
my $shard = clickhouse(own => 1);
my ($tcp) = slurp("$shard->{dir}/config.xml") =~ m{<tcp_port>(\d+)<};

$t->write_file_expand('nginx.conf', <<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        disk %%TESTDIR%%/store;
    }

    log_format cache '\$query_cache_status \$query_cache_reason';

    query_cache_engine  clickhouse;
    query_cache_methods GET POST;
    query_cache_valid   any 10m;
    proxy_http_version  1.1;
    add_header          X-Cache \$query_cache_status always;

    server {
        listen 127.0.0.1:%%PORT_8080%%;
        access_log %%TESTDIR%%/cache.log cache;

        location / {
            query_cache z;
            proxy_pass http://127.0.0.1:${\$ch->port};
        }

        location /coded/ {
            query_cache z;
            query_cache_upstream_encoding pass;
            proxy_pass http://127.0.0.1:${\$ch->port}/;
        }

        location /plain/ {
            query_cache z;
            proxy_pass http://127.0.0.1:${\$ch->port}/;
            proxy_set_header Accept-Encoding "";
        }

        location = /stats {
            access_log off;
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

my @formats = qw/TabSeparated CSV JSON JSONCompact JSONEachRow Values XML
    RowBinary Native/;
my $text = qr/Code: \d+, e\.displayText\(\) = DB::\w*Exception: /;
my ($logged, $stored) = (0, 0);

sub stats { return $t->stats('/stats', @_) }

# What the cache said of the last request, when it is known

sub said {
    my @lines;

    $logged++;
    wait_until(sub {
        @lines = slurp($t->testdir . '/cache.log') =~ /^(.+)$/mg;
        return @lines >= $logged;
    });

    return $lines[-1] // '';
}

# Of an answer, without what differs each time; the end only if asked for

sub same {
    my ($body, $tail) = @_;

    $body =~ s/("elapsed": |<elapsed>)[\d.e-]+/$1/;

    return $body unless $tail;
    return substr(substr($body, -1000) =~ s/[\d.]+/0/gr, -200);
}

# Options: headers, path, tail (the rows differ), status, reason (a pattern)

sub fails {
    my ($name, $args, $sql, %o) = @_;

    my @sent = (headers => $o{headers} // [], timeout => 60);
    my $direct = QC::Client->new(port => $ch->port)->post("/?$args", $sql,
        @sent);

    is($direct->status, $o{status} // 200, "$name: a status");
    like($direct->body, $o{text} // $text, "$name: a text");

    my $reason = $o{reason} // 'exception';

    for my $n (1, 2) {
        my $counted = ref $reason ? 0 : stats('reason', $reason);
        my $r = $t->post(($o{path} // '/') . "?$args", $sql, @sent);

        is($r->status, $direct->status, "$name: its status, $n");
        ok(same($r->body, $o{tail}) eq same($direct->body, $o{tail}),
            "$name: its bytes, $n");
        is($r->error, $direct->error, "$name: its end, $n");
        isnt($r->header('X-Cache'), 'HIT', "$name: not from the cache, $n");
        like(said(), ref $reason ? $reason : qr/ \Q$reason\E$/,
            "$name: why, $n");
        is(stats('reason', $reason), $counted + 1, "$name: counted, $n")
            unless ref $reason;
    }

    is(stats('store', 'stored'), $stored, "$name: not stored")
        or $stored = stats('store', 'stored');
}

# Rows in blocks of 8192; the one of this number fails

sub rows {
    my ($number, $format) = @_;

    return "SELECT number, concat('row ', toString(number)) AS s,"
        . " throwIf(number = $number) AS e FROM (SELECT number FROM"
        . " system.numbers LIMIT 200000) FORMAT $format";
}

my $blocks = 'max_block_size=8192';

for my $format (@formats) {
    fails("the first row, $format", $blocks, rows(0, $format),
        status => 500, reason => 'status');
    fails("a row in the middle, $format", $blocks, rows(150_000, $format));
    fails("the last row, $format", $blocks, rows(199_999, $format));
}

fails('no such table', '', 'SELECT id FROM nowhere', status => 404);
fails('a type', '', "SELECT toDate('x')", status => 400);
fails('syntax', '', 'SELECT 1 FROM', status => 400, reason =>
    qr/^MISS exception$|^BYPASS statement$/);
fails('no query', '', 'SELEC 1', status => 400,
    reason => qr/^BYPASS statement$/);
fails('a user', 'user=nobody', 'SELECT 1', status => 401);
fails('the end waited for', "$blocks&wait_end_of_query=1",
    rows(199_999, 'JSON'), status => 500, reason => 'status');

# limits

my $growing = "SELECT number, '" . 'x' x 1000 . "' AS s, length(range("
    . 'number * 20)) AS n FROM (SELECT number FROM system.numbers LIMIT %d)'
    . ' FORMAT %s';
my $memory = 'max_block_size=100&max_memory_usage=50000000';

fails('memory, at once', 'max_memory_usage=10000000', 'SELECT groupArray('
    . 'number) FROM (SELECT number FROM system.numbers LIMIT 10000000) FORMAT'
    . ' JSON', status => 500, reason => 'status', tail => 1);

for my $format (qw/TabSeparated JSON/) {
    fails("memory, $format", $memory, sprintf($growing, 20_000, $format),
        tail => 1);
    fails("time, $format", 'max_execution_time=1', 'SELECT number,'
        . ' sleep(0.2) AS s FROM system.numbers LIMIT 100000000 FORMAT '
        . $format, tail => 1);
}

fails('time, at once', 'max_execution_time=1',
    'SELECT count() FROM system.numbers', status => 500, reason => 'status',
    tail => 1);

# a text longer than what an end is

my ($long, $wide) = map {
    "arrayStringConcat(arrayMap(x -> 'abcdefghij', range($_)))"
} 20_000, 2_000;

fails('a long text', 'max_block_size=100', "SELECT number, $wide AS w,"
    . " toUInt64(if(number < 450, '1', $long)) AS n FROM (SELECT number FROM"
    . ' system.numbers LIMIT 500) FORMAT TabSeparated');

# encoded answers, where the upstream may encode them

my @gzip = (headers => ['Accept-Encoding' => 'gzip'], path => '/coded/',
    text => qr/^\x1f\x8b/);
my $gzip = "$blocks&enable_http_compression=1";

fails("gzip, $_", $gzip, rows(150_000, $_), @gzip) for @formats;

my $lz4 = "SELECT number, %s AS s, throwIf(number = 1000000) AS e FROM (SELECT"
    . ' number FROM system.numbers LIMIT 2000000) FORMAT TabSeparated';

fails('blocks of LZ4', 'compress=1', sprintf($lz4, "'row'"),
    text => qr/Code: /, reason => qr/^(MISS|BYPASS) \w+$/);
fails('blocks of LZ4 that hide it', 'compress=1', sprintf($lz4,
    "concat(toString(number), ', e.displayText() = DB::Exception: Value"
    . " passed')"), text => qr/Code: /, reason => qr/^(MISS|BYPASS) \w+$/);

# else ClickHouse is not asked for the browser's coding

my $r;

for my $path ('/', '/plain/') {
    $r = $t->post("$path?$gzip", rows(150_000, 'CSV'), @gzip[0, 1]);
    like(substr($r->body, -300), qr/\n$text/, "gzip, $path: a text");
    is(said(), 'MISS exception', "gzip, $path: why");
}

is(stats('index', 'entries'), 0, 'no entries');
is(stats('disk', 'files'), 0, 'no files');

# while it answers: a query that is stopped, a shard that stalls

sub begun {
    my ($args, $sql) = @_;

    my $client = $t->client;
    $client->send_request('POST', "/?$args", body => $sql,
        headers => [Connection => 'close']);
    ok($client->readable(20), 'it has begun');

    return $client;
}

my $endless = 'SELECT number, sleep(0.1) AS s FROM %s LIMIT 100000000 FORMAT'
    . ' TabSeparated';

my $client = begun('query_id=stop_me', sprintf $endless, 'system.numbers');
$ch->query("KILL QUERY WHERE query_id = 'stop_me'");
$r = $client->read_response(method => 'POST', timeout => 30);
is($r->status, 200, 'stopped: 200');
like(substr($r->body, -300), qr/\n${text}Query was cancelled/,
    'stopped: a text');
is(said(), 'MISS exception', 'stopped: why');

$client = begun('receive_timeout=1&max_execution_time=60', sprintf $endless,
    "remote('127.0.0.1:$tcp', system, numbers)");
kill 'STOP', $shard->{pid};
$r = $client->read_response(method => 'POST', timeout => 60);
kill 'CONT', $shard->{pid};
is($r->status, 200, 'a shard stalls: 200');
like(substr($r->body, -300), qr/\nCode: 209, .*DB::NetException: Timeout/,
    'a shard stalls: a text');
is(said(), 'MISS exception', 'a shard stalls: why');

is(stats('store', 'stored'), 0, 'nothing was stored')
    or $stored = stats('store', 'stored');

# the same without errors

sub works {
    my ($name, $args, $sql) = @_;

    my $direct = $ch->query($sql, $args);
    my $r = $t->post("/?$args", $sql);
    is($r->header('X-Cache'), 'MISS', "$name: a miss");
    ok(same($r->body) eq same($direct), "$name: its bytes");
    ok($t->wait_stats('/stats', 'store', 'stored', ++$stored),
        "$name: stored");
    said();

    my $hit = $t->post("/?$args", $sql);
    is($hit->header('X-Cache'), 'HIT', "$name: a hit");
    ok($hit->body eq $r->body, "$name: the same bytes");
    said();
}

works("rows, $_", $blocks, rows(300_000, $_)) for @formats;
works("no rows, $_", '', "SELECT id FROM hits WHERE id > 1000000 FORMAT $_")
    for @formats;
works('memory', $memory, sprintf $growing, 2000, 'TabSeparated');
works('time', 'max_execution_time=60', 'SELECT number, sleep(0.1) AS s FROM'
    . ' (SELECT number FROM system.numbers LIMIT 100000) FORMAT CSV');
# gzip comes, and is stored plain

sub works_gzip {
    my ($format) = @_;
    my ($name, $sql) = ("gzip, $format", rows(300_000, $format));

    my $direct = $ch->query($sql, $blocks);
    my $r = $t->post("/coded/?$gzip", $sql, @gzip[0, 1]);
    is($r->header('Content-Encoding'), 'gzip', "$name: it came so");
    ok(same(Compress::Zlib::memGunzip($r->body)) eq same($direct),
        "$name: its bytes");
    ok($t->wait_stats('/stats', 'store', 'stored', ++$stored),
        "$name: stored");
    said();

    $r = $t->post("/coded/?$gzip", $sql);
    is($r->header('X-Cache'), 'HIT', "$name: a hit");
    is($r->header('Content-Encoding'), undef, "$name: plain");
    ok(same($r->body) eq same($direct), "$name: the same bytes");
    said();
}

works_gzip($_) for @formats;
works('words', '', "SELECT 'DB::Exception', 'Code: 395', number FROM"
    . ' (SELECT number FROM system.numbers LIMIT 10) FORMAT TabSeparated');

is(stats('index', 'entries'), $stored, 'an entry each');
is(stats('store', 'failed'), 0, 'no store failed');

done_testing();
