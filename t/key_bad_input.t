#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# What no API would take: too long, too deep, not UTF-8, not JSON, not SQL,
# not finished, damaged codings, ten thousand arguments.  Each request is
# answered by the upstream, which gets it as it was; it is keyed by its bytes
# or bypassed with a reason, never shared, and no worker suffers.  Fails, by
# its limit of time, if work grows faster than the input.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Digest::MD5 qw/md5_hex/;
use IO::Compress::Gzip qw/gzip/;
use JSON::PP ();

use QC::Nginx;
use QC::Upstream;
use QC::Util qw/run_command/;

my $t = QC::Nginx->new(log_level => 'info')->has(qw/http proxy query_cache/)
    ->has_daemon(qw/gzip zstd/);

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/*' => sub { return { body => "{\"md5\":\"$_[0]{md5}\"}" } },
});

my %uri = (none => '/none/q', json => '/json/q', clickhouse => '/clickhouse/',
    elasticsearch => '/elasticsearch/_search', druid => '/druid/v2/sql',
    cube => '/cube/v1/load', graphql => '/graphql/', pinot => '/pinot/sql');
my @engines = sort keys %uri;

my $locations = join '', map { <<"EOF" } @engines;
        location /$_/ {
            query_cache_engine $_;
            query_cache_share \$cookie__ga;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /unguarded/$_/ {
            query_cache_engine $_;
            query_cache_guard off;
            query_cache_normalize_limits body=2m depth=200 args=20000;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

EOF

$t->write_file_expand('nginx.conf', <<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        memory 16m;
        disk %%TESTDIR%%/store;
    }

    query_cache z;
    query_cache_methods GET POST QUERY;
    query_cache_valid 1h;

    large_client_header_buffers 8 512k;
    client_body_buffer_size 16k;
    client_max_body_size 8m;

    add_header X-Status \$query_cache_status always;
    add_header X-Reason \$query_cache_reason always;
    add_header X-Key    \$query_cache_key    always;

    server {
        listen 127.0.0.1:%%PORT_8080%%;

$locations
        location = /query_cache {
            query_cache off;
            query_cache_admin z;
        }
    }
}

EOF

$t->run;

my $client = $t->client;
my $pids = join ' ', sort $t->worker_pids;
my $json = JSON::PP->new->ascii->allow_nonref;
my (%keys, @faults);


# One request, the answer; collects what is wrong

sub ask {
    my ($name, $method, $uri, $body, @headers) = @_;

    my $r = $client->request($method, $uri, headers => \@headers,
        defined $body ? (body => $body) : ());

    my $status = $r->header('X-Status') // '';
    my $reason = $r->header('X-Reason') // '';
    my $place = ($uri =~ m{^(/[^?]*)})[0];

    push @faults, "$name: $place: " . $r->status if $r->status != 200;
    push @faults, "$name: $place: changed on its way"
        if index($r->body, md5_hex($body // '')) < 0;
    push @faults, "$name: $place: $status $reason"
        unless $status eq 'MISS' || $status eq 'BYPASS'
            && $reason =~ /^(?:statement|session|request_coding
                            |request_body_size)$/x;

    if ($status eq 'MISS') {
        my $key = $r->header('X-Key') // '';
        push @faults, "$name: $place: the key of $keys{$key}"
            if $keys{$key};
        $keys{$key} = $name;
    }

    return $r;
}


sub all_well {
    my ($name) = @_;

    is(join("\n", @faults), '', $name);
    @faults = ();
}


sub encoded {
    my ($text) = @_;

    return join '', map { /[\w.~-]/a ? $_ : sprintf '%%%02X', ord }
        split //, $text;
}


my $n = 20_000;
my $noise = '';

srand 7;
$noise .= chr int rand 256 for 1 .. 5000;

my %text = (
    'one quote'             => "'",
    'one double quote'      => '"',
    'one backtick'          => '`',
    'a quote not closed'    => "SELECT 'a",
    'a comment not closed'  => 'SELECT /* a',
    'comments in comments'  => 'SELECT ' . '/*' x $n . '*/' x $n,
    'many quotes'           => "'" x ($n + 1),
    'many backslashes'      => "SELECT '" . '\\' x ($n + 1) . "'",
    'open brackets'         => 'SELECT ' . '(' x $n,
    'closed brackets'       => 'SELECT 1' . ')' x $n,
    'both'                  => 'SELECT ' . '(' x $n . '1' . ')' x $n,
    'crossed brackets'      => 'SELECT ([)]',
    'open heredocs'         => 'SELECT ' . join('', map { "\$a$_" } 1 .. 9999),
    'one heredoc tag'       => 'SELECT $' . 'a' x $n . '$ x',
    'dollars'               => 'SELECT ' . '$' x $n,
    'semicolons'            => 'SELECT 1' . ';' x $n,
    'operators'             => 'SELECT 1' . '-+' x $n . '1',
    'minus'                 => 'SELECT 1 ' . '- ' x $n . '1',
    'selects in selects'    => 'SELECT * FROM (' x 5000,
    'unions'                => 'SELECT 1' . ' UNION ALL SELECT 1' x 5000,
    'a long word'           => 'SELECT ' . 'a' x $n,
    'a long number'         => 'SELECT 1' . '0' x $n,
    'open objects'          => '{"a":' x $n,
    'open arrays'           => '[' x $n,
    'arrays'                => '[' x $n . ']' x $n,
    'selection sets'        => '{a' x $n,
    'nested sets'           => '{a' x 5000 . '}' x 5000,
    'nested lists'          => '{f(a:' . '[' x $n . ']' x $n . ')}',
    'spreads'               => '{' . '...F ' x 5000 . '}'
        . 'fragment F on A {' . '...F ' x 5000 . '}',
    'fragments'             => '{...F1}' . join('', map { 'fragment F' . $_
        . ' on A {' . join(' ', map { "...F$_" } $_ + 1, $_ + 1) . '}' }
        1 .. 2000),
    'commas'                => '{a' . ',' x $n . '}',
    'directives'            => '{a' . '@b' x $n . '}',
    'a string not closed'   => '{f(a:"b',
    'a block not closed'    => '{f(a:"""b',
    'block quotes'          => '{f(a:' . '"""' x 9999 . ')}',
    'a bad escape'          => '{"a":"\\x"}',
    'half an escape'        => '{"a":"\\u12"}',
    'half a pair'           => '{"a":"\\ud83d"}',
    'half a pair, then'     => '{"a":"\\ud83dx"}',
    'the second half'       => '{"a":"\\ude00"}',
    'two first halves'      => '{"a":"\\ud83d\\ud83d"}',
    'a mark'                => "\xef\xbb\xbf{\"a\":1}",
    'UTF-16'                => "\xff\xfe{\0\"\0a\0\"\0:\0001\0}\0",
    'a byte of UTF-8'       => "{\"a\":\"\xc3\"}",
    'overlong UTF-8'        => "{\"a\":\"\xc0\xaf\"}",
    'five bytes of UTF-8'   => "{\"a\":\"\xf8\x88\x80\x80\x80\"}",
    'above Unicode'         => "{\"a\":\"\xf4\x90\x80\x80\"}",
    'a surrogate in UTF-8'  => "{\"a\":\"\xed\xa0\xbd\"}",
    'a zero'                => "\0",
    'a zero in a string'    => "{\"a\":\"b\0c\"}",
    'a zero in a literal'   => "SELECT 'a\0b'",
    'a zero at the end'     => "SELECT 1\0",
    'a control character'   => "{\"a\":\"b\x01\"}",
    'all bytes'             => join('', map { chr } 0 .. 255),
    'noise'                 => $noise,
    'members there twice'   => '{"a":1,"a":2}',
    'one member often'      => '{' . join(',', ('"a":1') x 9999) . '}',
    'deep, and there twice' => '{"a":{"b":[{"c":1,"c":1}]}}',
    'a long exponent'       => '[1e' . '9' x $n . ']',
    'a big exponent'        => '[1e9223372036854775807]',
    'a small exponent'      => '[1e-9223372036854775809]',
    'a fraction'            => '[0.' . '0' x $n . '1]',
    'no number'             => '[1.]',
    'infinity'              => '[Infinity,NaN,-0x1]',
    'two documents'         => '{"a":1}{"a":2}',
    'a document and more'   => '{"a":1}]',
    'a comma at the end'    => '{"a":1,}',
    'a comment'             => '{"a":1/**/}',
    'nothing'               => '',
    'a space'               => ' ',
    'a newline'             => "\r\n",
    'white space'           => ' ' x 99_999,
    'null'                  => 'null',
    'a query that is null'  => '{"query":null,"sql":null}',
    'a query in a list'     => '{"query":[["SELECT 1"]]}',
    'a query that is true'  => '{"query":true,"variables":1}',
);


# As the body, for each engine

for my $engine (@engines) {
    for my $name (sort keys %text) {
        my $text = $text{$name};
        my @type = ('Content-Type', 'application/json');

        for my $place ('', '/unguarded') {
            my $uri = "$place$uri{$engine}";

            ask($name, 'POST', $uri, $text, @type);
            ask("$name, by QUERY", 'QUERY', $uri, $text, @type);

            next unless $engine =~ /^(?:druid|pinot|graphql|cube)$/;
            my $member = $engine eq 'pinot' ? 'sql' : 'query';

            ask("$name, in JSON", 'POST', $uri,
                "{\"$member\":" . $json->encode($text) . '}', @type);
        }
    }

    all_well("$engine: bodies that nobody understands");
}


# As an argument

my %argument = (clickhouse => ['query', 'param_x'], cube => ['query'],
    pinot => ['sql'], graphql => ['query', 'variables', 'extensions'],
    none => ['a'], json => ['a'], druid => ['a'], elasticsearch => ['q']);

for my $engine (@engines) {
    my $id = 0;

    for my $name (sort keys %text) {
        my $text = encoded(substr $text{$name}, 0, 20_000);

        ask("$name, as $_", 'GET', "$uri{$engine}?$_=$text&id=" . $id++)
            for @{$argument{$engine}};
    }

    all_well("$engine: arguments that nobody understands");
}


# Query strings

my %args = (
    'signs'         => '%' x 20_000,
    'bad signs'     => '%g1%1g%%' x 5000,
    'equals'        => '=' x 20_000,
    'empty names'   => '=&' x 10_000,
    'zeros'         => 'a%00b=%00&%00',
    'not UTF-8'     => 'a=%ff%fe%c0%80',
    'raw bytes'     => "a=\xff\xfe",
    'a long name'   => 'a' x 100_000,
    'a long value'  => 'a=' . 'b' x 100_000,
    'stars'         => '*' x 20_000,
    'one name'      => join('&', map { "a=$_" } 1 .. 9999),
    'semicolons'    => 'a=1;b=2;c=3',
    'a fragment'    => 'a=1%23b',
    'ampersands'    => '&' x 20_000,
);

for my $engine (@engines) {
    for my $name (sort keys %args) {
        ask("args: $name", 'POST', "/unguarded$uri{$engine}?$args{$name}",
            '{"args":1}');
        ask("args: $name, guarded", 'QUERY', "$uri{$engine}?$args{$name}",
            '{"args":1}');
    }

    all_well("$engine: query strings that nobody understands");
}

my @many = map { sprintf 'n%05d=%d', $_, $_ % 7 } 1 .. 10_000;
my ($up_args, $down_args) = map { join '&', @$_ } \@many, [reverse @many];

for my $engine (@engines) {
    my $uri = $uri{$engine};

    # above the limit: their bytes; below it: sorted

    my @r = map { $client->get("/unguarded$uri?$_&z=1") } $up_args, $down_args;
    is(join(' ', map { $_->status } @r), '200 200',
        "$engine: ten thousand arguments");
    is($r[0]->header('X-Key') eq $r[1]->header('X-Key'), $engine ne 'none',
        "$engine: below the limit by their names");

    my $guarded = $engine =~ /^(?:none|json)$/ ? 0 : 1;

    @r = map { $client->get("$uri?$_") } $up_args, $down_args;
    is(join(' ', map { $_->status } @r), '200 200', "$engine: above it");
    is(join(' ', map { $_->header('X-Status') } @r),
        $guarded ? 'BYPASS BYPASS' : 'MISS MISS',
        "$engine: above it nothing is proven");
    isnt($r[0]->header('X-Key'), $r[1]->header('X-Key'),
        "$engine: above it the bytes are the key") unless $guarded;
}


# Codings

my $sql = 'SELECT 1 /* ' . 'a' x 500 . ' */';
my $spaces = ' ' x 4_000_000;
my ($gzip, $bomb);

gzip(\$sql => \$gzip);
gzip(\$spaces => \$bomb);

my $zstd = run_command([qw/zstd -c/], input => $sql)->{out};
my $zstd_bomb = run_command([qw/zstd -c/], input => $spaces)->{out};
my $zstd_wide = run_command([qw/zstd --ultra -22 --long=31 -c/],
    input => $sql x 100)->{out};

my %coded = (
    'gzip: nothing'         => ['gzip', ''],
    'gzip: half a header'   => ['gzip', substr $gzip, 0, 5],
    'gzip: a header'        => ['gzip', substr $gzip, 0, 10],
    'gzip: cut'             => ['gzip', substr $gzip, 0, -9],
    'gzip: no length'       => ['gzip', substr $gzip, 0, -4],
    'gzip: a bad sum'       => ['gzip', substr($gzip, 0, -8) . '12345678'],
    'gzip: more behind it'  => ['gzip', "${gzip}x"],
    'gzip: a bomb'          => ['gzip', $bomb],
    'gzip: bombs'           => ['gzip', $bomb x 10],
    'gzip: noise'           => ['gzip', $noise],
    'gzip: gzip in gzip'    => ['gzip, gzip', $gzip],
    'gzip: is zstd'         => ['gzip', $zstd],
    'zstd: nothing'         => ['zstd', ''],
    'zstd: a header'        => ['zstd', substr $zstd, 0, 5],
    'zstd: cut'             => ['zstd', substr $zstd, 0, -1],
    'zstd: more behind it'  => ['zstd', "${zstd}x"],
    'zstd: a bomb'          => ['zstd', $zstd_bomb],
    'zstd: noise'           => ['zstd', $noise],
    'zstd: is gzip'         => ['zstd', $gzip],
    'zstd: no frame'        => ['zstd', "\x50\x2a\x4d\x18\0\0\0\0" x 5000],
    'zstd: a huge window'   => ['zstd',
        "\x28\xb5\x2f\xfd\x00\xff" . substr $zstd, 6],
    'unknown'               => ['br', $sql],
    'a list'                => ['gzip,,zstd', $sql],
    'a long name'           => ['x' x 10_000, $sql],
);

for my $engine (grep { $_ ne 'none' } @engines) {
    for my $name (sort keys %coded) {
        my ($coding, $body) = @{$coded{$name}};
        my $r = ask($name, 'POST', "/unguarded$uri{$engine}", $body,
            'Content-Encoding', $coding, 'Content-Type', 'text/plain');

        push @faults, "$name: " . $r->header('X-Status')
            if ($r->header('X-Reason') // '') ne 'request_coding';
    }

    ask('a wide window', 'POST', "/unguarded$uri{$engine}", $zstd_wide,
        'Content-Encoding', 'zstd');
    all_well("$engine: codings that cannot be decoded");
}


# Sizes: from a file as from memory, and over the limit

my @members = map { sprintf '"m%05d":%d', $_, $_ } 1 .. 9000;
my $small = '{' . join(',', @members) . '}';
my $back = '{' . join(' ,', reverse @members) . "}\n";
my $large = '{' . join(', ', @members, map { "\"a$_\":\"" . 'b' x 990 . '"' }
    1 .. 200) . '}';

is($client->post('/json/q', $small)->header('X-Key'),
   $client->post('/json/q', $back)->header('X-Key'),
   'a body in a file is normalised');

my $r = ask('over the limit', 'POST', '/json/q', $large);
is($r->header('X-Status'), 'MISS', 'a body over the limit has a key');
isnt(ask('over the limit, again', 'POST', '/json/q', " $large")
    ->header('X-Key'), $r->header('X-Key'), 'that of its bytes');

$r = $client->post('/json/q', '[' . '1,' x 600_000 . '1]');
is(join(' ', map { $r->header($_) // '' } 'X-Status', 'X-Reason'),
    'BYPASS request_body_size', 'a body that is too large');

all_well('sizes');


# Header fields

my $long = join '; ', map { "c$_=$_" } 1 .. 5000;

for my $engine (@engines) {
    my ($uri, $body) = ($uri{$engine}, '{"query":"SELECT 1","sql":"SELECT 1"}');

    for (['Cookie', $long], ['Cookie', ';' x 20_000], ['Cookie', '=;=;,'],
        ['Cookie', '_ga'], ['Cookie', "_ga=\xff\"; _ga=; a"],
        ['Cookie', '_ga=1; _ga=2; b=1', 'Cookie', 'c=2'],
        ['Content-Type', ''], ['Content-Type', 'a' x 20_000],
        ['Content-Type', 'application/json; charset="'],
        ['Content-Type', 'multipart/form-data'],
        ['Authorization', 'x' x 20_000], ['Authorization', "\xff\xfe"],
        map { ["X-ClickHouse-$_", $_ x 5000] } 'a' .. 'd')
    {
        my $name = substr "$_->[0]: $_->[1]", 0, 30;
        my $status = $client->post($uri, $body, headers => $_)->status;

        push @faults, "$engine: $name: $status" if $status != 200;
    }
}

all_well('header fields that nobody understands');


# What nginx refuses by itself

for my $lines ("Content-Length: 3\r\nContent-Length: 4",
    "Content-Length: 3\r\nTransfer-Encoding: chunked",
    "Content-Length: -1", "Content-Length: 3x",
    "Content-Length: 99999999999999999999999",
    "Transfer-Encoding: chunked, chunked")
{
    for my $engine (@engines) {
        my $answer = http("QUERY $uri{$engine} HTTP/1.1\r\nHost: localhost\r\n"
            . "Connection: close\r\n$lines\r\n\r\nabc\r\n");

        push @faults, "$engine: $lines: " . substr $answer, 0, 30
            unless $answer =~ m{^HTTP/1\.1 (?:400|413|501) };
    }
}

all_well('a body without a certain length');

for my $chunks ("zz\r\n", "ffffffffffffffffffff\r\n",
    "3\r\nabcd\r\n0\r\n\r\n")
{
    for my $engine (@engines) {
        my $answer = http("POST $uri{$engine} HTTP/1.1\r\nHost: localhost\r\n"
            . "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
            . $chunks);

        push @faults, "$engine: bad chunks: " . substr $answer, 0, 30
            unless $answer =~ m{^HTTP/1\.1 (?:400|413) };
    }
}

all_well('chunks without a certain length');


# Cut off: nothing comes of it

for my $engine (@engines) {
    my $c = $t->client;

    $c->send("QUERY $uri{$engine} HTTP/1.1\r\nHost: localhost\r\n"
        . "Content-Length: 100\r\n\r\n{\"a\":");
    $c->reset;
}

is($t->get('/none/q')->status, 200, 'it goes on');
is(join(' ', sort $t->worker_pids), $pids, 'with the same workers');

done_testing();
