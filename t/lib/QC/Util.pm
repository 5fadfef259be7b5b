package QC::Util;

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Ports, files, waiting and processes for the tests; QC::Nginx exports what
# a test needs of it.
#
#     my $port = port('backend');         # free, the same for this label
#     wait_until(sub { -s $file }, 5) or fail('no file in 5 s');
#     my $pid = spawn('redis', ['redis-server', '--port', $port],
#                     out => "$dir/redis.out");
#     stop_process($pid);
#
# Every process started here is stopped when the test ends, also after die,
# exit, INT and TERM; if the test is killed, a guard process does it.  The
# guard also kills the owner of a log that outgrows 200 MB.

use strict;
use warnings;

use Exporter qw/import/;
use File::Path ();
use File::Temp ();
use IO::Handle;
use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;
use POSIX ();
use Test::More ();
use Time::HiRes qw/time/;

our @EXPORT_OK = qw/
    port free_port wait_until wait_socket slow time_limit
    slurp spew append tail file_size temp_dir
    spawn fork_process watch_process stop_process forget alive children
    run_command process_title
    guard_start guard_log need_program skip find_program interrupted
/;

use constant {
    LOG_LIMIT   => 200 * 1024 * 1024,
    POLL        => 0.02,
    FIRST_PORT  => 10000,       # below the kernel's ephemeral range
    LAST_PORT   => 31999,
    TIME_LIMIT  => 120,
};

my $owner = $$;
my $interrupted = '';
my (%ports, @reserved, %signal, @order, $guard, $guard_pid);


# Time.  wait_until() is the only place where a test waits in a loop: it
# polls an observable condition and returns its true value, or '' after
# the limit.  Under valgrind and with TEST_NGINX_SLOW=N limits are longer.

sub slow {
    my $factor = $ENV{TEST_NGINX_SLOW} || 1;

    return $ENV{TEST_NGINX_VALGRIND} ? $factor * 10 : $factor;
}


sub wait_until {
    my ($condition, $seconds) = @_;

    my $end = time() + ($seconds // 5) * slow();

    while (1) {
        my $value = $condition->();
        return $value if $value;
        return '' if time() >= $end;
        select undef, undef, undef, POLL;
    }
}


sub wait_socket {
    my ($port, $seconds) = @_;

    return wait_until(sub {
        return defined IO::Socket::INET->new(PeerAddr => '127.0.0.1',
            PeerPort => $port, Timeout => 1);
    }, $seconds);
}


# The whole test file ends after this many seconds (TEST_NGINX_TIME_LIMIT).

sub time_limit {
    my ($seconds) = @_;

    $seconds //= $ENV{TEST_NGINX_TIME_LIMIT} // TIME_LIMIT;

    Time::HiRes::alarm($seconds * slow());
}


sub interrupted { return $interrupted }


sub on_signal {
    my ($name) = @_;

    POSIX::_exit(1) if $$ != $owner;

    $interrupted = $name;

    if ($name eq 'ALRM') {
        require Carp;
        Test::More::diag(Carp::longmess('the time limit of the file ended'));
    }

    exit 1;
}

$SIG{$_} = \&on_signal for qw/INT TERM HUP ALRM/;
$SIG{PIPE} = 'IGNORE';


# Ports.  A port is taken by binding an abstract unix socket of its number,
# which holds among test files run in parallel and ends with the process.

sub port {
    my ($label) = @_;

    return $ports{$label} //= free_port();
}


sub free_port {
    for (1 .. 1000) {
        my $port = FIRST_PORT + int rand(LAST_PORT - FIRST_PORT + 1);

        my $mark = IO::Socket::UNIX->new(Local => "\0qc-test-port-$port",
            Listen => 1) or next;

        my $probe = IO::Socket::INET->new(LocalAddr => '0.0.0.0',
            LocalPort => $port, Listen => 1, ReuseAddr => 1) or next;
        close $probe;

        push @reserved, $mark;
        return $port;
    }

    Test::More::BAIL_OUT('no free port found');
}


# Files

sub slurp {
    my ($path) = @_;

    open my $fh, '<:raw', $path or return '';
    local $/;
    return scalar(<$fh>) // '';
}


sub spew { return write_to('>:raw', @_) }


sub append { return write_to('>>:raw', @_) }


# temp_dir(name): a folder that goes with the last reference to it (its
# path as a string), also if the test is killed; keep => 1 leaves it

sub temp_dir {
    my ($name, %o) = @_;

    my $dir = File::Temp->newdir("qc-$name-XXXXXX", TMPDIR => 1,
        CLEANUP => !$o{keep});

    guard_start();
    tell_guard("dir 0 $dir") unless $o{keep};

    return $dir;
}


sub write_to {
    my ($mode, $path, @data) = @_;

    open my $fh, $mode, $path or die "cannot write $path: $!\n";
    print {$fh} @data;
    close $fh or die "cannot write $path: $!\n";

    return $path;
}


sub tail {
    my ($path, $lines) = @_;

    open my $fh, '<:raw', $path or return '';
    my $size = -s $fh;
    seek $fh, $size > 65536 ? $size - 65536 : 0, 0;
    my @lines = <$fh>;
    splice @lines, 0, @lines - $lines if @lines > $lines;

    return join '', @lines;
}


sub file_size { return -s $_[0] // 0 }


# Skipping.  QC_SKIPS_FAIL=1 turns skips into failures.

sub skip {
    my ($why) = @_;

    Test::More::BAIL_OUT("skipped, with QC_SKIPS_FAIL: $why")
        if $ENV{QC_SKIPS_FAIL};

    Test::More::plan(skip_all => $why);
}


sub find_program {
    my ($name) = @_;

    return -x $name ? $name : undef if $name =~ m{/};

    for my $dir (split(/:/, $ENV{PATH} // ''), '/usr/sbin', '/sbin') {
        return "$dir/$name" if -x "$dir/$name" && !-d _;
    }

    return undef;
}


sub need_program {
    for my $name (@_) {
        skip("$name is not installed") unless find_program($name);
    }
}


# Processes

sub stat_of {
    my ($pid) = @_;

    open my $fh, '<', "/proc/$pid/stat" or return;
    my $line = <$fh> // return;

    # the command is in parentheses and may hold anything
    my @field = split ' ', substr($line, rindex($line, ')') + 2);

    return { state => $field[0], ppid => $field[1], start => $field[19] };
}


sub process_title {
    my ($pid) = @_;

    return slurp("/proc/$pid/cmdline") =~ tr/\0/ /r;
}


sub alive {
    my ($pid) = @_;

    my $stat = stat_of($pid) or return 0;

    return $stat->{state} !~ /[ZX]/;
}


sub children {
    my ($parent) = @_;
    my @pids;

    opendir my $dh, '/proc' or return;

    for my $pid (grep { /^\d+$/ } readdir $dh) {
        my $stat = stat_of($pid) or next;
        push @pids, $pid if $stat->{ppid} == $parent
                            && $stat->{state} !~ /[ZX]/;
    }

    return sort { $a <=> $b } @pids;
}


# fork_process(name, sub): the sub runs in a child that never returns

sub fork_process {
    my ($name, $code) = @_;

    guard_start();

    my $pid = fork() // die "fork: $!\n";

    if ($pid == 0) {
        detach();
        my $ok = eval { $code->(); 1 };
        print STDERR "$name: $@" unless $ok;
        POSIX::_exit($ok ? 0 : 1);
    }

    watch_process($pid);
    return $pid;
}


# spawn(name, [command, arguments], out => file, env => {}, cwd => dir,
# signal => 'KILL'): the signal that ends it at the end of the test, TERM

sub spawn {
    my ($name, $command, %o) = @_;

    my $pid = fork_process($name, sub {
        $ENV{$_} = $o{env}{$_} for keys %{$o{env} // {}};
        chdir $o{cwd} if defined $o{cwd};

        my $out = $o{out} // '/dev/null';
        $SIG{$_} = 'DEFAULT' for qw/INT PIPE/;
        open STDIN, '<', '/dev/null';
        open STDOUT, '>>', $out or die "cannot write $out: $!\n";
        open STDERR, '>&', \*STDOUT;

        exec { $command->[0] } @$command
            or die "cannot run $command->[0]: $!\n";
    });

    $signal{$pid} = $o{signal};

    return $pid;
}


# A child must not act as the test that forked it.

sub detach {
    alarm 0;
    $SIG{$_} = 'DEFAULT' for qw/TERM HUP ALRM CHLD/;
    $SIG{INT} = 'IGNORE';       # the test stops it by itself
    close $guard if $guard;
    undef $guard;
}


# Has a process, which may be no child, stopped at the end of the test

sub watch_process {
    my ($pid) = @_;

    push @order, $pid;

    guard_start();
    tell_guard("+ $pid");
}


sub forget {
    my ($pid) = @_;

    delete $signal{$pid};
    @order = grep { $_ != $pid } @order;
    tell_guard("- $pid");
}


# stop_process(pid, signal, seconds): waits, then kills.  Returns the wait
# status, undef if it had to be killed; 0 if it was not a child.

sub stop_process {
    my ($pid, $signal, $seconds) = @_;
    my $status;

    my $gone = sub {
        my $rc = waitpid $pid, POSIX::WNOHANG();
        $status = $? if $rc == $pid;
        return $rc == $pid || ($rc < 0 && !alive($pid));
    };

    local $?;

    kill 'CONT', $pid;
    kill $signal // $signal{$pid} // 'TERM', $pid;

    if (!wait_until($gone, $seconds // 5)) {
        kill 'KILL', $pid;
        wait_until($gone, 5);
        forget($pid);
        return undef;
    }

    forget($pid);
    return $status // 0;
}


# run_command([command, arguments], input => bytes, timeout => 20, env => {})
# waits for the end of a program: { exit, out, err }; exit is -1 if it was
# killed for running too long.

sub run_command {
    my ($command, %o) = @_;

    my $in = File::Temp->new;
    print {$in} $o{input} // '';
    $in->flush;

    pipe my $out_r, my $out_w or die "pipe: $!\n";
    pipe my $err_r, my $err_w or die "pipe: $!\n";

    my $pid = fork() // die "fork: $!\n";

    if ($pid == 0) {
        detach();
        $SIG{$_} = 'DEFAULT' for qw/INT PIPE/;
        $ENV{$_} = $o{env}{$_} for keys %{$o{env} // {}};
        open STDIN, '<', $in->filename;
        open STDOUT, '>&', $out_w;
        open STDERR, '>&', $err_w;
        exec { $command->[0] } @$command or POSIX::_exit(127);
    }

    close $out_w;
    close $err_w;

    my %read = (fileno $out_r, '', fileno $err_r, '');
    my $complete = drain(\%read, [$out_r, $err_r],
        time() + ($o{timeout} // 20) * slow());

    local $?;
    kill 'KILL', $pid unless $complete;
    waitpid $pid, 0;

    return { exit => $complete ? $? >> 8 || $? & 127 : -1,
        out => $read{fileno $out_r}, err => $read{fileno $err_r} };
}


sub drain {
    my ($read, $handles, $end) = @_;

    my $select = IO::Select->new(@$handles);

    while ($select->count) {
        my $left = $end - time();
        return 0 if $left <= 0;

        for my $fh ($select->can_read($left)) {
            my $n = sysread $fh, $read->{fileno $fh}, 262144,
                length $read->{fileno $fh};
            $select->remove($fh) unless $n;
        }
    }

    return 1;
}


# The guard

sub guard_start {
    return if $guard_pid || $$ != $owner;

    pipe my $reader, my $writer or die "pipe: $!\n";
    $guard_pid = fork() // die "fork: $!\n";

    if ($guard_pid == 0) {
        close $writer;
        $SIG{$_} = 'IGNORE' for qw/INT TERM HUP/;
        $SIG{ALRM} = 'DEFAULT';
        alarm 0;
        guard_loop($reader);
        POSIX::_exit(0);
    }

    close $reader;
    $guard = $writer;
    $guard->autoflush(1);
}


sub tell_guard {
    my ($line) = @_;

    print {$guard} "$line\n" if $guard && $$ == $owner;
}


# A log of a process (its pid) that must not outgrow the limit

sub guard_log {
    my ($path, $pid) = @_;

    tell_guard("log $pid $path");
}


sub guard_loop {
    my ($reader) = @_;
    my (%started, %logs, %dirs);
    my $buffer = '';

    # the test's output must not stay open when the test has gone
    open STDIN, '<', '/dev/null';
    open STDOUT, '>', '/dev/null';
    open STDERR, '>', '/dev/null';

    while (1) {
        my $bits = '';
        vec($bits, fileno $reader, 1) = 1;

        if (select($bits, undef, undef, 0.25)) {
            my $n = sysread $reader, $buffer, 4096, length $buffer;
            last unless $n;

            while ($buffer =~ s/^(.*)\n//) {
                my ($what, $pid, $path) = split / /, $1, 3;
                return if $what eq 'end';
                my $stat = stat_of($pid);

                $started{$pid} = $stat->{start} if $what eq '+' && $stat;
                delete $started{$pid} if $what eq '-';
                $logs{$path} = $pid if $what eq 'log';
                $dirs{$path} = 1 if $what eq 'dir';
            }
        }

        for my $path (keys %logs) {
            next if file_size($path) < LOG_LIMIT;
            append("$path.guard", "$path is over its limit: killed\n");
            guard_kill(delete $logs{$path});
        }
    }

    for my $pid (reverse sort { $a <=> $b } keys %started) {
        my $stat = stat_of($pid) or next;
        guard_kill($pid) if $stat->{start} == $started{$pid};
    }

    File::Path::remove_tree($_) for grep { -d } keys %dirs;
}


sub guard_kill {
    my ($pid) = @_;

    my @pids = ($pid, children($pid));
    kill 'CONT', @pids;
    kill 'KILL', @pids;
}


END {
    if ($$ == $owner) {
        local $?;
        local $!;

        my @running = reverse @order;
        stop_process($_) for @running;

        if ($guard_pid) {
            tell_guard('end 0');
            close $guard;
            waitpid $guard_pid, 0;
        }
    }
}


1;
