#!/usr/bin/perl

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# With "log_subrequest on" a background fill has a line of its own in the
# access log, when it has ended: what was asked, what came of it, how long it
# took, and by whom it was begun.  $query_cache_fill tells it from the
# client's.  $query_cache_waited says how long a request waited for another.

use strict;
use warnings;

use Test::More;

use FindBin;
use lib "$FindBin::Bin/lib";

use QC::Collapse;
use QC::Nginx;
use QC::Stale;
use QC::TLS;
use QC::Upstream;
use QC::Util qw/file_size need_program slurp wait_until/;

need_program(qw/curl openssl/);

my $t = QC::Nginx->new->has(qw/http proxy ssl map query_cache/);

my $fresh = ['Cache-Control' => 'max-age=600', ETag => '"n"'];

my %second = (
    good => { size => 20_000, headers => $fresh },
    same => { status => 304, headers => [fresh(), ETag => '"e"'] },
    '500' => { status => 500, body => 'bad' },
    gone => { reset => -1 },
    cut => { size => 100_000, cut => 50_000, headers => $fresh },
    private => { size => 200_000, headers => ['Cache-Control' => 'private'] },
    rule => { body => 'a BROKEN answer', headers => $fresh },
    away => { body => '', headers => ['X-Accel-Redirect' => '/x', @$fresh] },
    silent => { body => 'new', headers => $fresh },
    tls => { body => 'new', headers => $fresh },
);

my @names = sort keys %second;

my $up = QC::Upstream->start(port => port('up'), routes => {
    (map { ("/$_" => [
        { body => "old $_", headers => stale_headers(ETag => '"e"') },
        $second{$_},
    ]) } @names),
    '/wait' => { gate => 'wait', body => 'rows', headers => [fresh()] },
});

# what a line has, by name; and what else might be asked for

my @fields = qw/query_cache_fill request status upstream_status
    upstream_addr upstream_response_time upstream_response_length
    request_time body_bytes_sent query_cache_status query_cache_reason
    query_cache_key query_cache_waited remote_addr remote_port server_port
    request_length http_x_own args request_method request_uri uri scheme host
    ssl_protocol sent_http_etag upstream_http_etag connection mapped/;

my @more = qw/bytes_sent connection_requests connection_time pipe msec
    time_local time_iso8601 request_completion gzip_ratio request_id
    request_body request_body_file request_filename document_root
    realpath_root remote_user binary_remote_addr server_addr server_name
    server_protocol ssl_cipher ssl_session_id ssl_session_reused
    ssl_client_verify ssl_client_s_dn https http2 hostname pid limit_rate
    nginx_version content_type content_length is_args query_string
    proxy_host proxy_port proxy_add_x_forwarded_for tcpinfo_rtt
    upstream_connect_time upstream_header_time upstream_bytes_received
    upstream_bytes_sent upstream_cache_status sent_http_content_type
    sent_http_connection sent_http_x_status sent_trailer_x cookie_a arg_q
    proxy_protocol_addr query_cache_tier query_cache_age
    query_cache_auto_tags query_cache_window/;

my $format = join ' ', map { "$_=<\$$_>" } @fields, @more;

$t->write_file_expand('nginx.conf', <<"EOF");

%%TEST_GLOBALS%%

worker_processes 2;

events {
}

http {
    %%TEST_GLOBALS_HTTP%%

    query_cache_zone z {
        disk %%TESTDIR%%/store;
    }

    map \$query_cache_fill \$mapped {
        1       fill;
        default client;
    }

    log_format long escape=json '$format';
    log_format short '\$query_cache_fill \$uri';

    server {
        listen 127.0.0.1:%%PORT_8080%%;
        listen 127.0.0.1:%%PORT_8443%% ssl;

        ssl_certificate %%TESTDIR%%/crt;
        ssl_certificate_key %%TESTDIR%%/key;

        query_cache_integrity !text=BROKEN;
        add_header X-Status \$query_cache_status;

        location / {
            query_cache z;
            query_cache_lock local;
            log_subrequest on;
            access_log %%TESTDIR%%/long.log long;
            access_log %%TESTDIR%%/\$uri-named.log short;
            access_log %%TESTDIR%%/buffered.log short buffer=64k flush=10ms
                       if=\$query_cache_fill;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location /silent {
            query_cache z;
            access_log %%TESTDIR%%/silent.log short;
            proxy_pass http://127.0.0.1:%%PORT_up%%;
        }

        location = /stats {
            query_cache_admin z;
        }
    }
}

EOF

my $ca = QC::TLS->ca($t->testdir);
my ($crt, $key) = $ca->cert('localhost');

$t->write_file(crt => slurp($crt))->write_file(key => slurp($key));
$t->run;

$t->get("/$_") for @names;
ok(wait_stale($t, '/stats', scalar @names), 'stale entries');

my $log = $t->testdir . '/long.log';


# The lines since, each as a hash

sub lines {
    my ($from, $n) = @_;
    my @lines;

    wait_until(sub {
        @lines = split /\n/, substr(slurp($log), $from);
        return @lines >= $n;
    }) or diag("@lines");

    return map { { /(\w+)=<(.*?)>(?= |$)/g } } @lines;
}


# status of the fill, of its upstream, of the cache, reason

my %lines = (
    good => '200 200 EXPIRED -',
    same => '304 304 REVALIDATED -',
    500 => '500 500 EXPIRED status',
    gone => '502 502 EXPIRED -',
    cut => '200 200 EXPIRED incomplete',
    private => '200 200 EXPIRED cache_control',
    rule => '200 200 EXPIRED integrity_rule',
    away => '500 200 EXPIRED -',
);

my @same = qw/request request_method request_uri uri args query_cache_key
    remote_addr remote_port server_port connection host scheme http_x_own
    request_length/;

for my $name (sort keys %lines) {
    my $from = file_size($log);

    is($t->get("/$name", headers => ['X-Own' => "of $name"])->body,
        "old $name", "$name: a stale answer");

    my ($client, $fill) = sort { length $a->{query_cache_fill}
        <=> length $b->{query_cache_fill} } lines($from, 2);

    is("$client->{query_cache_fill}$client->{query_cache_status}",
        'UPDATING', "$name: the client's line");
    is($client->{mapped}, 'client', "$name: not mapped");
    is($fill->{query_cache_fill}, 1, "$name: that of the fill");
    is($fill->{mapped}, 'fill', "$name: mapped");

    is(join(' ', map { length $_ ? $_ : '-' }
        @$fill{qw/status upstream_status query_cache_status
            query_cache_reason/}), $lines{$name}, "$name: what came of it");

    is_deeply([@$fill{@same}], [@$client{@same}],
        "$name: what was asked, and by whom");
    is($fill->{body_bytes_sent}, 0, "$name: to nobody");
    is($fill->{upstream_addr}, '127.0.0.1:' . port('up'), "$name: of whom");
    like("$fill->{request_time} $fill->{upstream_response_time}",
        qr/^\d+\.\d{3} \d+\.\d{3}$/, "$name: times");
    is($fill->{query_cache_waited}, '', "$name: did not wait");

    next if $name ne 'good';

    is($fill->{upstream_response_length}, 20_000, "$name: its length");
    is($fill->{upstream_http_etag}, '"n"' =~ s/"/\\"/gr, "$name: its fields");
}

# TLS

my $from = file_size($log);

is(curl('--cacert', $ca->file, 'https://localhost:'
    . port('8443') . '/tls', '--resolve', 'localhost:' . port('8443')
    . ':127.0.0.1')->{body}, 'old tls', 'TLS: a stale answer');

my ($one, $two) = lines($from, 2);
like($two->{ssl_protocol}, qr/^TLSv1/, 'TLS: protocol');
is_deeply([@$one{qw/ssl_protocol scheme connection/}],
    [@$two{qw/ssl_protocol scheme connection/}], 'TLS: the same');

# other logs

ok(wait_until(sub { slurp($t->testdir . '/good-named.log') =~ /^1 /m }),
    'a name with variables');
ok(wait_until(sub {
    () = slurp($t->testdir . '/buffered.log') =~ /^1 /mg } ),
    'a buffer');

# not asked for

$t->get('/silent');
ok($t->wait_stats('/stats', 'store', 'stored', @names + 3), 'silent: filled');
is(slurp($t->testdir . '/silent.log'), "- /silent\n- /silent\n",
    'silent: the clients only');

# who waits

$from = file_size($log);

my $first = one($t, '/wait');
ok($up->wait_at('wait'), 'one runs the upstream');
my @others = crowd($t, 3, '/wait');
$others[2]->reset;
my ($left) = lines($from, 1);
like($left->{query_cache_waited}, qr/^\d+\.\d{3}$/, 'left: had waited');
$up->release('wait');
answers($first, @others[0, 1]);

my %waited = map { ($_->{query_cache_status} => $_->{query_cache_waited}) }
    lines($from, 4);
is($waited{MISS}, '', 'the one that ran it: had not');
is((lines($from, 4))[0]{status}, 499, 'left: the first line');
like($waited{HIT}, qr/^\d+\.\d{3}$/, 'a hit: had waited');

$t->stop;
is($t->error_log(qr/\[(?:crit|error)\](?!.*(?:reset by peer|prematurely))/),
    0, 'no errors but those that were asked for');

done_testing();
