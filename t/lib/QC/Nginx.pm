package QC::Nginx;

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Runs nginx for a test; after the API of Test::Nginx of nginx-tests.
#
#     use Test::More;
#     use QC::Nginx;
#
#     my $t = QC::Nginx->new->has(qw/http proxy query_cache/);
#
#     $t->write_file_expand('nginx.conf', <<'EOF');
#     %%TEST_GLOBALS%%
#     events { }
#     http {
#         %%TEST_GLOBALS_HTTP%%
#         server { listen 127.0.0.1:%%PORT_8080%%; ... }
#     }
#     EOF
#
#     $t->run;
#     like(http_get('/'), qr/200 OK/, 'the start page');
#     is($t->get('/')->status, 200);          # the same, as QC::Response
#     done_testing();                         # or $t->plan(2) before
#
# %%PORT_x%% is a free port, the same for one label in the whole test: also
# port('x').  %%TESTDIR%% is the temporary folder, %%MODULE%% the module's
# path.  load_module is written by itself.
#
# Every test file gets three tests more (see QC::Checks).
#
# Environment: TEST_NGINX_BINARY (/usr/sbin/nginx), TEST_NGINX_MODULE
# (build/dynamic/ngx_http_query_cache_module.so; empty: linked statically),
# TEST_NGINX_GLOBALS, TEST_NGINX_GLOBALS_HTTP, TEST_NGINX_LEAVE (keeps the
# folder), TEST_NGINX_LOG_LEVEL, TEST_NGINX_TIME_LIMIT (120, seconds of a
# file), TEST_NGINX_VALGRIND, TEST_NGINX_VALGRIND_OPTIONS, TEST_NGINX_SLOW
# (N times longer limits), QC_SKIPS_FAIL.

use strict;
use warnings;

use Cwd qw/abs_path/;
use File::Basename qw/dirname/;
use File::Temp ();
use JSON::PP ();
use POSIX ();
use Test::More ();

use QC::Checks qw/done_testing/;
use QC::Client;
use QC::Util qw/alive append children file_size forget guard_log need_program
    port process_title run_command skip slow slurp spawn spew tail
    temp_dir time_limit wait_socket wait_until watch_process/;

use constant {
    START_LIMIT => 10,          # seconds
    STOP_LIMIT  => 10,
};

our @EXPORT = qw/
    done_testing port wait_until time_limit slurp spew append
    http http_get http_head http_post curl
/;

my $root = abs_path(dirname(__FILE__) . '/../../..');
my %version_text;

time_limit();


sub import {
    my $caller = caller;

    no strict 'refs';
    no warnings qw/redefine prototype/;         # done_testing is replaced
    *{"${caller}::$_"} = \&$_ for @EXPORT;
}


# Configuration

# Options: module => 0 (a plain nginx beside the tested one), log_level

sub new {
    my ($class, %o) = @_;

    my $self = bless { todo => [], signals => {}, runs => 0, %o }, $class;

    $self->{binary} = $ENV{TEST_NGINX_BINARY} || '/usr/sbin/nginx';
    need_program($self->{binary});

    $self->{module} = $ENV{TEST_NGINX_MODULE}
        // "$root/build/dynamic/ngx_http_query_cache_module.so";
    $self->{module} = '' if defined $o{module} && !$o{module};

    die "$self->{module} is not built; see TEST_NGINX_MODULE\n"
        if $self->{module} ne '' && !-e $self->{module};

    $self->{temp} = temp_dir('test', keep => $ENV{TEST_NGINX_LEAVE});
    $self->{testdir} = "$self->{temp}";
    Test::More::diag("leaving $self->{testdir}") if $ENV{TEST_NGINX_LEAVE};

    QC::Checks::add($self);

    return $self;
}


sub testdir { return $_[0]{testdir} }


sub version_text {
    my ($self) = @_;

    return $version_text{$self->{binary}} //=
        run_command([$self->{binary}, '-V'])->{err};
}


# version('1.25.1'): is nginx at least that?

sub version {
    my ($self, $least) = @_;

    my ($version) = $self->version_text =~ m{nginx/([\d.]+)};

    return $version unless defined $least;
    return pack('n*', split /\./, $version)
        ge pack('n*', split /\./, $least);
}


# Features: http, query_cache, debug, threads, stream, and names of modules
# with or without http_: proxy, v2, ssl, sub, stub_status, mirror, ...

sub has {
    my ($self, @features) = @_;

    for my $feature (@features) {
        skip("nginx without $feature") unless $self->has_feature($feature);
    }

    return $self;
}


sub has_feature {
    my ($self, $feature) = @_;
    my $text = $self->version_text;

    return $text !~ /--without-http(\s|$)/ if $feature eq 'http';
    return $text =~ /--with-$feature(\s|$)/ if $feature =~ /^(debug|threads)$/;

    return $text !~ /--without-http-cache/ if $feature eq 'cache';

    if ($feature eq 'query_cache') {
        return 1 if $self->{module} ne '';
        return index(slurp($self->{binary}), 'query_cache_zone') >= 0;
    }

    (my $name = $feature) =~ s/^http_//;

    return 0 if $text =~ /--without-(http_)?${name}(_module)?(\s|$)/;
    return 1 if $text =~ /--with-(http_)?${name}(_module)?(\s|$)/;
    return 1 if $text =~ m{--add-module=\S*$name};

    if ($text =~ /--with-(http_)?${name}(_module)?=dynamic/) {
        my ($folder) = $text =~ /--modules-path=(\S+)/;
        my ($file) = grep { -e }
            map { "$folder/ngx_${_}_module.so" } $name, "http_$name";

        return 0 unless $file;
        $self->{load}{$file} = 1;
        return 1;
    }

    # modules built unless left out
    return $name =~ /^(access|auth_basic|autoindex|browser|charset|empty_gif|
        fastcgi|geo|grpc|gzip|limit_conn|limit_req|map|memcached|mirror|proxy|
        referer|rewrite|scgi|split_clients|ssi|upstream_\w+|userid|uwsgi
        )$/x;
}


sub has_daemon {
    my ($self, @programs) = @_;

    need_program(@programs);

    return $self;
}


sub write_file {
    my ($self, $name, $text) = @_;

    spew("$self->{testdir}/$name", $text);

    return $self;
}


sub write_file_expand {
    my ($self, $name, $text) = @_;

    return $self->write_file($name, $self->expand($text));
}


sub expand {
    my ($self, $text) = @_;

    $text =~ s/%%TEST_GLOBALS%%/$self->globals/ge;
    $text =~ s/%%TEST_GLOBALS_HTTP%%/$self->globals_http/ge;
    $text =~ s/%%TESTDIR%%/$self->{testdir}/g;
    $text =~ s/%%MODULE%%/$self->{module}/g;
    $text =~ s/%%PORT_(\w+)%%/port($1)/ge;

    return $text;
}


sub globals {
    my ($self) = @_;

    my $level = $self->{log_level} // $ENV{TEST_NGINX_LOG_LEVEL}
        // ($self->has_feature('debug') ? 'debug' : 'info');
    my @load = sort keys %{$self->{load} // {}};
    push @load, $self->{module} if $self->{module} ne '';

    return join "\n", (map { "load_module $_;" } @load),
        $> == 0 ? 'user root;' : (),
        "pid $self->{testdir}/nginx.pid;",
        "error_log $self->{testdir}/error.log $level;",
        $ENV{TEST_NGINX_GLOBALS} // ();
}


sub globals_http {
    my ($self) = @_;
    my $dir = $self->{testdir};

    return join "\n    ", "root $dir;", "access_log $dir/access.log;",
        "client_body_temp_path $dir/client_body_temp;",
        (map { "${_}_temp_path $dir/${_}_temp;" }
             grep { $self->has_feature($_) } qw/proxy fastcgi scgi uwsgi/),
        $ENV{TEST_NGINX_GLOBALS_HTTP} // ();
}


# Running

sub plan {
    my ($self, $tests) = @_;

    Test::More::plan(tests => $tests + QC::Checks::CHECKS);

    return $self;
}


# Patterns of [alert] and [emerg] lines that are part of the test

sub todo_alerts {
    my ($self, @patterns) = @_;

    push @{$self->{todo}}, @patterns;

    return $self;
}


# That many more workers may die of this signal

sub expect_signal {
    my ($self, $signal, $count) = @_;

    $self->{signals}{$signal} += $count // 1;

    return $self;
}


sub command {
    my ($self, @arguments) = @_;
    my $dir = $self->{testdir};

    my @tool = !$ENV{TEST_NGINX_VALGRIND} ? () : ('valgrind', '-q',
        '--leak-check=full', '--show-leak-kinds=definite',
        "--log-file=$dir/valgrind.%p", '--num-callers=30',
        split ' ', $ENV{TEST_NGINX_VALGRIND_OPTIONS} // '');

    return [@tool, $self->{binary}, '-p', "$dir/", '-c', 'nginx.conf',
        @arguments];
}


sub run {
    my ($self) = @_;
    my $dir = $self->{testdir};

    need_program('valgrind') if $ENV{TEST_NGINX_VALGRIND};
    unlink "$dir/nginx.pid";

    my $pid = spawn('nginx', $self->command('-e', "$dir/error.log"),
        out => "$dir/stderr.log");
    my $status;

    # the process started becomes a daemon: its end is the start of nginx
    wait_until(sub {
        return 0 unless waitpid $pid, POSIX::WNOHANG();
        $status = $?;
        return 1;
    }, START_LIMIT);

    forget($pid) if defined $status;

    my $up = defined $status && $status == 0 && wait_until(sub {
        return $self->master_pid && $self->worker_pids;
    }, START_LIMIT);

    if (!$up) {
        $self->{failed} = 1;
        Test::More::diag('nginx did not start, exit '
            . (defined $status ? $status >> 8 : '-'),
            tail("$dir/stderr.log", 20), tail("$dir/error.log", 20));
        die "nginx did not start\n";
    }

    $self->{master} = $self->master_pid;
    $self->{runs}++;
    watch_process($self->{master});
    guard_log("$dir/error.log", $self->{master});

    return $self;
}


# nginx -t with another configuration: (true if it is right, what it said)

sub test_config {
    my ($self, $text) = @_;

    # its messages are the result, not alerts of the test
    ($text = $self->expand($text)) =~ s/^(?:error_log|pid) [^;]*;$//mg;
    $self->write_file('test.conf', $text);

    my $result = run_command([$self->{binary}, '-t', '-e', 'stderr',
        '-p', "$self->{testdir}/", '-c', 'test.conf',
        '-g', "pid $self->{testdir}/test.pid;"]);

    return ($result->{exit} == 0, $result->{err});
}


sub master_pid {
    my ($self) = @_;

    return slurp("$self->{testdir}/nginx.pid") =~ /^(\d+)\n/ ? $1 : 0;
}


# Workers that accept: neither the cache helpers nor those shutting down

sub worker_pids {
    my ($self) = @_;

    my $master = $self->master_pid or return;

    # a child that has just begun still has the title of the master

    return grep {
        !$self->retires($_)
            && process_title($_) !~ /cache (?:manager|loader)|master process/
    } children($master);
}


# Is that worker shutting down?  Under valgrind the title does not say it.

sub retires {
    my ($self, $pid) = @_;

    return $self->{retired}{$pid}
           || process_title($pid) =~ /is shutting down/;
}


# reload(): HUP, and waits until only new workers accept; with
# reload(wait => 1) until all older ones have ended.  False if the new
# configuration was refused or the limit (limit => seconds) passed.

sub reload {
    my ($self, %o) = @_;

    my %old = map { $_ => 1 } $self->worker_pids;
    my $mark = file_size("$self->{testdir}/error.log");
    my $limit = $o{limit} // 10;

    kill 'HUP', $self->{master};

    my $state = wait_until(sub {
        for ($self->error_log_since($mark, qr/gracefully shutting down/)) {
            $self->{retired}{$1} = 1 if / (\d+)#\d+: gracefully/;
        }

        my @now = $self->worker_pids;

        return 'new' if @now && !grep { $old{$_} } @now;
        return 'bad' if $self->error_log_since($mark, qr/\[emerg\]/);
        return '';
    }, $limit);

    return 0 if $state ne 'new';
    return 1 unless $o{wait};

    return wait_until(sub {
        return !grep { $old{$_} || $self->retires($_) }
            children($self->{master});
    }, $limit) ? 1 : 0;
}


# quit(seconds): graceful; false if nginx did not end in time

sub quit { return stop_by($_[0], 'QUIT', $_[1]) }


# stop(): as quit, but fast after the limit

sub stop {
    my ($self, $seconds) = @_;

    return 1 if $self->quit($seconds);

    $self->{killed} = 1 unless stop_by($self, 'TERM');

    return 0;
}


sub stop_by {
    my ($self, $signal, $seconds) = @_;

    my $pid = $self->{master} or return 1;

    kill $signal, $pid;
    return 0 unless wait_until(sub { !alive($pid) },
        $seconds // STOP_LIMIT / 2);

    forget($pid);
    delete $self->{master};

    return 1;
}


# Observing

sub waitforsocket {
    my ($self, $peer, $seconds) = @_;

    return wait_socket($peer =~ /(\d+)$/, $seconds);
}


sub waitforfile {
    my ($self, $file, $seconds) = @_;

    return wait_until(sub { -e $file }, $seconds);
}


# Logs: the text, or the lines that match

sub error_log { return lines_of("$_[0]{testdir}/error.log", 0, $_[1]) }


sub access_log { return lines_of("$_[0]{testdir}/access.log", 0, $_[1]) }


# $mark = $t->log_mark; ... $t->error_log_since($mark, qr/.../)

sub log_mark { return file_size("$_[0]{testdir}/error.log") }


sub error_log_since {
    my ($self, $mark, $pattern) = @_;

    return lines_of("$self->{testdir}/error.log", $mark, $pattern);
}


# True once a line of error.log matches

sub wait_log {
    my ($self, $pattern, $seconds, $mark) = @_;

    return wait_until(sub {
        return scalar(my @lines = $self->error_log_since($mark // 0,
            $pattern));
    }, $seconds);
}


sub lines_of {
    my ($path, $at, $pattern) = @_;

    open my $fh, '<:raw', $path or return defined $pattern ? () : '';
    seek $fh, $at, 0;

    return join '', <$fh> unless defined $pattern;

    my @lines;
    while (my $line = <$fh>) {
        push @lines, $line if $line =~ $pattern;
    }

    return @lines;
}


# Of a worker (the first one unless given): resident memory now and at its
# most, in bytes; open descriptors

sub rss { return memory_of($_[0], $_[1], 'VmRSS') }


sub peak_rss { return memory_of($_[0], $_[1], 'VmHWM') }


sub memory_of {
    my ($self, $pid, $field) = @_;

    $pid //= ($self->worker_pids)[0];

    return slurp("/proc/$pid/status") =~ /^$field:\s+(\d+) kB/m
        ? $1 * 1024 : 0;
}


sub open_files {
    my ($self, $pid) = @_;

    $pid //= ($self->worker_pids)[0];

    return scalar(my @list = glob "/proc/$pid/fd/*");
}


# stats('/query_cache', 'request', 'hit'): a counter of the JSON that the
# location answers; without name a group, without group everything.

sub stats {
    my ($self, $uri, $group, $name, %o) = @_;

    my $r = $self->get($uri, %o);
    die "$uri answered " . $r->status . "\n" if $r->status != 200;

    my $data = JSON::PP::decode_json($r->body);
    return $data unless defined $group;

    my ($found) = grep { ref eq 'HASH' } $data->{$group},
        map { $_->{$group} } grep { ref eq 'HASH' } values %$data;
    die "no group $group in $uri\n" unless $found;

    return $found unless defined $name;
    die "no counter $group.$name in $uri\n" unless exists $found->{$name};

    return $found->{$name};
}


# Waits until the counter is at least that; returns its value, or '' late

sub wait_stats {
    my ($self, $uri, $group, $name, $least, $seconds) = @_;

    return wait_until(sub {
        my $value = $self->stats($uri, $group, $name);
        return $value >= $least ? $value || '0 but true' : '';
    }, $seconds);
}


# Requests.  Methods return a QC::Response and take the options of
# QC::Client, and port => number or label (8080).

sub client {
    my ($self, %o) = @_;

    return QC::Client->new(%o, port => port_of(%o));
}


sub port_of {
    my (%o) = @_;

    my $port = $o{port} // '8080';

    return $port =~ /^\d{5,}$/ ? $port : port($port);
}


sub request {
    my ($self, $method, $uri, %o) = @_;

    my @headers = (@{$o{headers} // []}, Connection => 'close');

    return $self->client(%o)->request($method, $uri, %o,
        headers => \@headers);
}


sub get { my $self = shift; return $self->request('GET', @_) }


sub head { my $self = shift; return $self->request('HEAD', @_) }


sub post {
    my ($self, $uri, $body, %o) = @_;

    return $self->request('POST', $uri, body => $body, %o);
}


# Functions: send raw bytes, return everything received up to the end

sub http {
    my ($request, %o) = @_;

    my $client = QC::Client->new(%o, port => port_of(%o));
    $client->send($request);

    return $client->read_all($o{timeout});
}


sub http_get { my ($uri, %o) = @_; return http_10('GET', $uri, %o) }


sub http_head { my ($uri, %o) = @_; return http_10('HEAD', $uri, %o) }


sub http_post {
    my ($uri, $body, %o) = @_;

    return http_10('POST', $uri, %o, body => $body);
}


sub http_10 {
    my ($method, $uri, %o) = @_;

    my @headers = ('Host', 'localhost', @{$o{headers} // []});
    my $body = $o{body} // '';
    push @headers, 'Content-Length', length $body if defined $o{body};

    my $head = "$method $uri HTTP/1.0\r\n";

    while (my ($name, $value) = splice @headers, 0, 2) {
        $head .= "$name: $value\r\n";
    }

    return http("$head\r\n$body", %o);
}


# curl(arguments, { timeout => 20 }): { exit, status, head, body, err }

sub curl {
    my @arguments = @_;

    my $o = ref $arguments[-1] ? pop @arguments : {};
    my $head = File::Temp->new;
    my $timeout = ($o->{timeout} // 20) * slow();

    my $result = run_command(['curl', '-sS', '--max-time', $timeout,
        '-D', $head->filename, @arguments],
        input => $o->{input}, timeout => $timeout + 5);

    $result->{head} = slurp($head->filename);
    $result->{body} = delete $result->{out};
    ($result->{status}) = reverse $result->{head} =~ m{^HTTP/\S+ (\d+)}mg;

    return $result;
}


1;
