package QC::Redis;

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# A redis-server of the test: see QC::Services.

use strict;
use warnings;

use QC::Util qw/free_port need_program run_command spawn spew
    stop_process tail temp_dir wait_until/;


# Options: port, password, user (with password: an ACL user, beside a
# default user that may do nothing), unix => 1, conf => [lines]

sub start {
    my ($class, %o) = @_;

    if (ref $class) {
        return $class->launch;
    }

    need_program('redis-server', 'redis-cli');

    my $self = bless { port => free_port(), %o }, $class;

    $self->{dir} = temp_dir('redis');
    $self->{socket} = "$self->{dir}/socket" if $o{unix};

    my @conf = ("port $self->{port}", 'bind 127.0.0.1', "dir $self->{dir}",
        'save ""', 'appendonly no', 'daemonize no', 'loglevel notice',
        'hash-max-listpack-value 1024', @{$o{conf} // []});

    push @conf, "unixsocket $self->{socket}", 'unixsocketperm 777'
        if $o{unix};

    if (defined $o{user}) {
        push @conf, 'user default off',
            "user $o{user} on >$o{password} ~* &* +\@all";

    } elsif (defined $o{password}) {
        push @conf, "requirepass $o{password}";
    }

    spew("$self->{dir}/redis.conf", map { "$_\n" } @conf);

    return $self->launch;
}


sub launch {
    my ($self) = @_;

    $self->{pid} = spawn('redis', ['redis-server',
        "$self->{dir}/redis.conf"], out => "$self->{dir}/redis.log");

    wait_until(sub { $self->cli('PING') =~ /PONG/ }, 10)
        or die "redis did not start\n", tail("$self->{dir}/redis.log", 10);

    return $self;
}


sub stop {
    my ($self, $signal) = @_;

    stop_process(delete $self->{pid}, $signal) if $self->{pid};
}


sub pause { kill 'STOP', $_[0]{pid} }


sub resume { kill 'CONT', $_[0]{pid} }


sub pid { return $_[0]{pid} }


sub port { return $_[0]{port} }


sub socket { return $_[0]{socket} }


sub log { return QC::Util::slurp("$_[0]{dir}/redis.log") }


# For the directive: url('/1') with a database; unix: with a socket

sub url {
    my ($self, $db) = @_;

    return "unix:$self->{socket}" if $self->{socket};

    my $auth = defined $self->{password}
        ? ($self->{user} // '') . ":$self->{password}\@" : '';

    return "redis://${auth}127.0.0.1:$self->{port}" . ($db // '');
}


# What redis-cli prints (raw), standard error after it

sub cli {
    my ($self, @command) = @_;

    my @auth = !defined $self->{password} ? ()
        : ('--no-auth-warning', '-a', $self->{password},
           defined $self->{user} ? ('--user', $self->{user}) : ());

    my $result = run_command(['redis-cli', '-h', '127.0.0.1', '-p',
        $self->{port}, @auth, '--raw', @command], timeout => 10);

    return "$result->{out}$result->{err}" =~ s/\n\z//r;
}


# A hash as Redis has it

sub hash_of {
    my ($self, $key) = @_;

    my $result = $self->cli('HGETALL', $key);

    return { split /\n/, $result, -1 };
}


1;
