#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# What a dashboard in a browser gets: Chromium loads a page that fetches
# 200 KB of JSON, and reloads it twice, over HTTP/1.1 and over TLS with
# HTTP/2. It negotiates zstd, has the origin's bytes each time, validates
# with either ETag without a body being read, and sees Age and Cache-Status;
# the origin is asked once, even by a fetch that goes past the browser's
# cache.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use Digest::SHA qw/sha256_base64 sha256_hex/;
use JSON::PP qw/decode_json encode_json/;

use QC::Nginx;
use QC::TLS;
use QC::Upstream;
use QC::Util qw/alive children find_program need_program run_command
    spawn stop_process tail/;

use constant ROWS => 3500;

# Too large to be installed for every run of the tests: no failure without it

plan(skip_all => 'chromium is not installed; see tools/deps browser')
    unless find_program('chromium');

need_program('openssl');

my $t = QC::Nginx->new->has(qw/http proxy query_cache v2 ssl/);

# The page tells what it got, and goes on when that is answered

my $page = <<'EOF';
<!doctype html>
<link rel="icon" href="data:,">
<script>
const visit = 1 + Number(sessionStorage.visit || 0);

async function ask(cache) {
    const r = await fetch('rows', { cache });
    const body = await r.arrayBuffer();
    const sum = new Uint8Array(await crypto.subtle.digest('SHA-256', body));
    const says = name => r.headers.get(name) || '';

    return {
        status: r.status,
        rows: JSON.parse(new TextDecoder().decode(body)).length,
        sha256: Array.from(sum, b => b.toString(16).padStart(2, 0)).join(''),
        coding: says('Content-Encoding'),
        etag: says('ETag'),
        age: says('Age'),
        cache_status: says('Cache-Status'),
    };
}

async function run() {
    const got = { visit };

    try {
        got.fetch = await ask('default');
        got.past = visit == 2 ? await ask('reload') : null;
    } catch (e) {
        got.error = String(e);
    }

    await fetch('/result', { method: 'POST', body: JSON.stringify(got) });
    sessionStorage.visit = visit;

    if (visit < 3)
        location.reload();
}

run();
</script>
EOF

my $rows = encode_json([map {
    { id => $_, page => "/page/" . $_ * 7919 % 1000, visits => $_ * $_ % 997,
      country => (qw/de fr us jp br/)[$_ % 5] }
} 1 .. ROWS]);

cmp_ok(length $rows, '>', 200_000, 'the length of the rows');

my @rows = (body => $rows, headers => [ETag => '"rows"',
    'Content-Type' => 'application/json',
    'Cache-Control' => 'max-age=0, s-maxage=600']);
my @page = (body => $page, headers => [ETag => '"page"',
    'Content-Type' => 'text/html', 'Cache-Control' => 'max-age=600']);

my $up = QC::Upstream->start(port => port('up'), routes => {
    '/plain/page' => { @page }, '/plain/rows' => { @rows },
    '/tls/page' => { @page }, '/tls/rows' => { @rows },
    '/result' => { gate => 'result', status => 204 },
});

my ($crt, $key) = QC::TLS->ca($t->testdir)->cert('localhost');

$t->write_file_expand('nginx.conf', <<"EOF");

%%TEST_GLOBALS%%

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    log_format browser escape=none '\$uri \$status \$query_cache_status'
        ' \$server_protocol|\$http_if_none_match|\$http_cache_control'
        '|\$http_accept_encoding|\$sent_http_content_encoding|\$bytes_sent';

    query_cache_zone zone {
        disk %%TESTDIR%%/store;
    }

    server {
        listen 127.0.0.1:%%PORT_8080%%;
        listen 127.0.0.1:%%PORT_tls%% ssl http2;
        ssl_certificate $crt;
        ssl_certificate_key $key;

        location / {
            query_cache zone;
            query_cache_serve_compressed on;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
            access_log %%TESTDIR%%/browser.log browser;
        }

        location = /result {
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /stats {
            query_cache_admin zone;
        }
    }
}

EOF

$t->run;


# A browser with a profile of its own that trusts our certificate: answers
# over a connection with an error would not be kept in its cache

sub start_browser {
    my ($name, $url) = @_;

    my $dir = $t->testdir . "/$name";
    my $der = run_command(['openssl', 'pkey', '-pubin', '-outform', 'DER'],
        input => run_command(['openssl', 'x509', '-in', $crt, '-noout',
            '-pubkey'])->{out})->{out};

    mkdir $dir;

    return spawn('chromium', [find_program('chromium'), '--headless',
        "--user-data-dir=$dir/profile",
        '--ignore-certificate-errors-spki-list=' . sha256_base64($der) . '=',
        qw/--no-sandbox --disable-gpu --disable-dev-shm-usage
           --disable-background-networking --disable-breakpad
           --disable-component-update --disable-extensions --disable-sync
           --no-default-browser-check --no-first-run --no-proxy-server/,
        '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1', $url],
        out => "$dir/out", env => { HOME => $dir });
}


# Its processes end after it, and write into the profile until then

sub stop_browser {
    my ($pid) = @_;

    my @all = family($pid);
    stop_process($pid);

    return wait_until(sub { !grep { alive($_) } @all }, 10);
}


sub family {
    my ($pid) = @_;

    return ($pid, map { family($_) } children($pid));
}


# What the page says on its next visit; leave() lets it go on

sub visit {
    my ($name, $n) = @_;

    $up->wait_at('result', 1, 40)
        or die "visit $n: nothing of the browser\n",
            tail($t->testdir . "/$name/out", 20);

    my $got = decode_json($up->last('/result')->{body});
    is($got->{error}, undef, "visit $n: no error");
    is($got->{visit}, $n, "visit $n: is that");

    return $got;
}


sub leave { $up->release_one('result') }


sub whole {
    my ($what, $got, %want) = @_;

    is($got->{status}, 200, "$what: the status");
    is($got->{rows}, ROWS, "$what: the rows");
    is($got->{sha256}, sha256_hex($rows), "$what: the origin's bytes");
    is($got->{etag}, $want{etag}, "$what: the tag");
    is($got->{coding}, $want{coding} // '', "$what: the coding");

    if ($want{miss}) {
        like($got->{cache_status}, qr/^query_cache; fwd=uri-miss;/,
            "$what: Cache-Status");

    } else {
        like($got->{cache_status}, qr/^query_cache; hit; ttl=\d+/,
            "$what: Cache-Status");
        like($got->{age}, qr/^\d+$/, "$what: Age");
    }
}


# What nginx was asked since: the lines of browser.log and their fields

my $logged = 0;

sub asked {
    my ($what, @want) = @_;

    my @lines;
    wait_until(sub {
        @lines = split /\n/, slurp($t->testdir . '/browser.log');
        return @lines >= $logged + @want;
    });

    my @fields = map { [split /\|/] } @lines[$logged .. $#lines];
    $logged = @lines;

    is_deeply([map { join '|', @$_[0 .. 2] } @fields], \@want,
        "$what: requests, conditions");

    return @fields;
}


sub browse {
    my ($name, $protocol, $url) = @_;

    my ($page, $rows) = ("/$name/page", "/$name/rows");
    my $stored = $t->stats('/stats', 'store', 'stored');
    my $read = $t->stats('/stats', 'disk', 'read');
    my $pid = start_browser($name, "$url$page");

    my $got = visit($name, 1);
    whole('a miss', $got->{fetch}, miss => 1, etag => '"rows"');
    asked('visit 1', "$page 200 MISS $protocol||",
        "$rows 200 MISS $protocol||");
    ok($t->wait_stats('/stats', 'store', 'stored', $stored + 2), 'stored');
    leave();

    $got = visit($name, 2);
    whole('validated', $got->{fetch}, etag => '"rows"');
    whole('fetched anew', $got->{past}, etag => 'W/"rows"', coding => 'zstd');

    my @log = asked('visit 2', "$page 304 HIT $protocol|\"page\"|max-age=0",
        "$rows 304 HIT $protocol|\"rows\"|",
        "$rows 200 HIT $protocol||no-cache");
    like($log[2][3], qr/\bzstd\b/, 'zstd was offered');
    is($log[2][4], 'zstd', 'and taken');
    cmp_ok($log[2][5], '<', 100_000, 'less than half went over the wire');
    leave();

    $got = visit($name, 3);
    whole('validated again', $got->{fetch}, etag => 'W/"rows"',
        coding => 'zstd');
    asked('visit 3', "$page 304 HIT $protocol|\"page\"|max-age=0",
        "$rows 304 HIT $protocol|W/\"rows\"|");
    leave();

    is($t->stats('/stats', 'disk', 'read'), $read + 1,
        'the body was read for what was fetched anew only');
    is($up->hits($page), 1, 'the page: asked once');
    is($up->hits($rows), 1, 'the rows: asked once');

    ok(stop_browser($pid), 'the browser ended');
}

subtest 'HTTP/1.1' => \&browse, 'plain', 'HTTP/1.1',
    'http://127.0.0.1:' . port('8080');
subtest 'TLS, HTTP/2' => \&browse, 'tls', 'HTTP/2.0',
    'https://127.0.0.1:' . port('tls');

done_testing();
