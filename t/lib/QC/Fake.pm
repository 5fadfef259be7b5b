package QC::Fake;

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# What the stand-ins (Upstream, FakeS3, FakeRedis) share: a forked process
# with one event loop for all its connections, and a control socket through
# which the test asks and commands it.
#
#     my $fake = QC::Upstream->start(port => $port, ...);
#     $fake->refuse;  $fake->accept;      # close, reopen the listener
#     $fake->drop;                        # reset all open connections
#     $fake->connections;                 # accepted since the start
#     $fake->open_connections;            # open now
#     $fake->stop;
#
# Gates: an answer can wait at a gate, a name of the test's choice, until
# the test opens it.  Nothing waits by the clock:
#
#     $fake->wait_at('g', 2);             # true once 2 answers wait there
#     $fake->release('g');                # all of them, and later ones
#     $fake->release_one('g');            # the longest-waiting one
#     $fake->hold('g');                   # closed again
#
# Faults, where a subclass lists kinds of them:
#
#     $fake->fault('reset');                      # the next request, once
#     $fake->fault('status', status => 503, times => 0);      # until cleared
#     $fake->fault('hang', match => qr/^GET/, after => 2, times => 3);
#     $fake->clear_faults;
#     $fake->faults_hit;                          # how often one applied
#
# match is tried on "METHOD uri" or "COMMAND first-argument"; after lets
# that many matching ones pass.  The oldest fault that matches applies.
#
# A subclass has on_data($conn) for new bytes in $conn->{in}, and queues
# steps with send_steps($conn, ...).  A step is
#
#     "bytes"             written
#     sub { ... }         called until it returns undef; returns bytes, or
#                         [bytes, seconds] for a pause after them
#     [gate => name]      waits until the gate is open
#     [delay => seconds]
#     [call => sub]       called once with the connection
#     ['close']           FIN after what was written
#     ['reset']           RST after what was written
#
# A command of the control socket is a method ctl_<name> of the child.

use strict;
use warnings;

use Errno qw/EAGAIN EINTR/;
use IO::Socket::INET;
use IO::Socket::UNIX;
use Socket qw/SOL_SOCKET SO_LINGER IPPROTO_TCP TCP_NODELAY/;
use Storable qw/nfreeze thaw/;
use Time::HiRes qw/time/;

use QC::Util qw/free_port fork_process guard_start stop_process
    temp_dir wait_until/;

use constant {
    OUT_LIMIT   => 262144,      # bytes made before they are wanted
    IN_LIMIT    => 4194304,     # bytes read before they are wanted
    LINGER      => 2,           # seconds after a FIN for the peer's
};


# In the test

sub start {
    my ($class, %o) = @_;

    my $self = bless { %o, conns => {}, opened => {}, accepted => 0 },
        $class;

    $self->{port} //= free_port();
    $self->{folder} = temp_dir('fake');
    $self->{control} = "$self->{folder}/control";
    $self->{journal} = [];
    $self->init;

    # before the fork, so that connecting works as soon as this returns; the
    # guard must not hold the listener
    guard_start();
    $self->listen_on;
    $self->{control_sock} = IO::Socket::UNIX->new(Listen => 64,
        Local => $self->{control}) or die "control socket: $!\n";

    $self->{pid} = fork_process($class, sub { $self->loop });

    close delete $self->{sock};
    close delete $self->{control_sock};

    return $self;
}


sub init { }


sub port { return $_[0]{port} }


sub pid { return $_[0]{pid} }


sub url { return "http://127.0.0.1:$_[0]{port}" }


sub stop {
    my ($self) = @_;

    stop_process(delete $self->{pid}) if $self->{pid};
}


# ask(command, arguments): what the child's method ctl_<command> returns

sub ask {
    my ($self, @command) = @_;

    my $sock = IO::Socket::UNIX->new(Peer => $self->{control})
        or die ref($self) . " is gone: $!\n";

    send_frame($sock, \@command);
    my $reply = read_frame($sock)
        or die ref($self) . " did not answer $command[0]\n";

    die "$reply->[1]\n" if $reply->[0] ne 'ok';

    return wantarray ? @$reply[1 .. $#$reply] : $reply->[1];
}


for my $name (qw/refuse accept drop connections open_connections hold
    release release_one waiting clear_faults faults_hit/)
{
    no strict 'refs';
    *$name = sub { my $self = shift; return scalar $self->ask($name, @_) };
}


sub wait_at {
    my ($self, $gate, $count, $seconds) = @_;

    return wait_until(sub { $self->waiting($gate) >= ($count // 1) },
        $seconds // 5);
}


# What the stand-in has noted (requests, commands): hashes, oldest first

sub journal {
    my ($self) = @_;

    return @{$self->ask('journal')};
}


sub clear { my ($self) = @_; return $self->ask('clear') }


sub fault {
    my ($self, $kind, %o) = @_;

    $o{match} = "$o{match}" if defined $o{match};

    return $self->ask('fault', { times => 1, after => 0, %o,
        kind => $kind });
}


# Frames of the control socket

sub send_frame {
    my ($sock, $data) = @_;

    my $bytes = nfreeze($data);
    $bytes = pack('N', length $bytes) . $bytes;

    my $at = 0;
    while ($at < length $bytes) {
        my $n = syswrite $sock, $bytes, length($bytes) - $at, $at;
        next if !defined $n && $!{EINTR};
        return 0 unless $n;
        $at += $n;
    }

    return 1;
}


sub read_frame {
    my ($sock) = @_;
    my $bytes = '';
    my $want = 4;

    while (length $bytes < $want) {
        my $n = sysread $sock, $bytes, $want - length $bytes, length $bytes;
        next if !defined $n && $!{EINTR};
        return unless $n;
        $want += unpack 'N', $bytes if $want == 4 && length $bytes == 4;
    }

    return thaw(substr $bytes, 4);
}


# In the child

sub listen_on {
    my ($self) = @_;

    $self->{sock} //= IO::Socket::INET->new(LocalAddr => '127.0.0.1',
        LocalPort => $self->{port}, Listen => 511, ReuseAddr => 1)
        or die "cannot listen on port $self->{port}: $!\n";

    $self->{sock}->blocking(0);
}


sub loop {
    my ($self) = @_;

    while (1) {
        my ($r, $w) = ('', '');
        my $conns = $self->{conns};
        my $wake;

        vec($r, fileno $self->{control_sock}, 1) = 1;
        vec($r, fileno $self->{sock}, 1) = 1 if $self->{sock};

        for my $c (values %$conns) {
            vec($r, $c->{fd}, 1) = 1
                if !$c->{eof} && !$c->{paused}
                   && length $c->{in} < IN_LIMIT;
            vec($w, $c->{fd}, 1) = 1 if $c->{out} ne '';
            $wake = $c->{wake}
                if $c->{wake} && (!$wake || $c->{wake} < $wake);
        }

        my $wait = $wake ? $wake - time() : undef;
        $wait = 0 if defined $wait && $wait < 0;

        my $n = select $r, $w, undef, $wait;
        ($r, $w) = ('', '') if $n <= 0;

        $self->control if vec($r, fileno $self->{control_sock}, 1);
        $self->accept_all if $self->{sock}
                             && vec($r, fileno $self->{sock}, 1);

        for my $fd (keys %$conns) {
            my $c = $conns->{$fd} or next;

            $self->read_some($c) if vec($r, $fd, 1);
            next if $c->{gone};

            $self->pump($c)
                if vec($w, $fd, 1) || ($c->{wake} && $c->{wake} <= time());
        }
    }
}


sub accept_all {
    my ($self) = @_;

    while (my $sock = $self->{sock}->accept) {
        $sock->blocking(0);
        setsockopt $sock, IPPROTO_TCP, TCP_NODELAY, 1;

        my $c = { sock => $sock, fd => fileno $sock, in => '', out => '',
            steps => [], id => ++$self->{accepted} };
        $self->{conns}{$c->{fd}} = $c;
        $self->on_accept($c);
    }
}


sub on_accept { }


sub read_some {
    my ($self, $c) = @_;

    my $n = sysread $c->{sock}, $c->{in}, 262144, length $c->{in};

    return if !defined $n && ($!{EAGAIN} || $!{EINTR});

    if (!$n) {
        $c->{eof} = 1;
        $c->{closing} ||= 1;
        $self->on_eof($c);
        return $self->drop_conn($c);
    }

    if ($c->{closing}) {
        $c->{in} = '';
        return;
    }

    $self->on_data($c);
    $self->pump($c) unless $c->{gone};
}


sub on_eof { }


sub drop_conn {
    my ($self, $c, $reset) = @_;

    return if $c->{gone}++;

    setsockopt $c->{sock}, SOL_SOCKET, SO_LINGER, pack('ii', 1, 0)
        if $reset;
    delete $self->{conns}{$c->{fd}};
    close $c->{sock};
}


sub send_steps {
    my ($self, $c, @steps) = @_;

    push @{$c->{steps}}, @steps;
    $self->pump($c);
}


# Runs steps and writes until the peer takes no more or a step waits

sub pump {
    my ($self, $c) = @_;

    while (!$c->{gone}) {
        $self->run_steps($c);
        return if $c->{gone} || $c->{out} eq '';

        my $n = syswrite $c->{sock}, $c->{out}, OUT_LIMIT;

        if (!defined $n) {
            return if $!{EAGAIN} || $!{EINTR};
            $self->on_eof($c);
            return $self->drop_conn($c);
        }

        substr $c->{out}, 0, $n, '';
        $c->{written} += $n;
    }
}


sub run_steps {
    my ($self, $c) = @_;

    if ($c->{wake}) {
        return if $c->{wake} > time();
        delete $c->{wake};
        return $self->drop_conn($c) if $c->{lingers};
    }

    return if $c->{running};
    local $c->{running} = 1;

    while (!$c->{gone} && !$c->{wake} && length $c->{out} < OUT_LIMIT
           && @{$c->{steps}})
    {
        my $step = $c->{steps}[0];

        if (!ref $step) {
            $c->{out} .= $step;

        } elsif (ref $step eq 'CODE') {
            my $made = $step->($c);

            if (defined $made) {
                ($made, my $pause) = @$made if ref $made;
                $c->{out} .= $made;
                $c->{wake} = time() + $pause if $pause;
                next;
            }

        } elsif (!$self->run_action($c, @$step)) {
            return;
        }

        shift @{$c->{steps}};
    }
}


# False if the step is not done yet

sub run_action {
    my ($self, $c, $what, $value) = @_;

    if ($what eq 'gate') {
        my $open = $self->{opened}{$value};

        if (!$open) {
            $c->{gate} //= $value;
            $c->{gate_n} //= ++$self->{gate_n};
            return 0;
        }

        delete @$c{qw/gate gate_n/};
        return 1;
    }

    if ($what eq 'delay') {
        $c->{wake} = time() + $value;
        return 1;
    }

    if ($what eq 'call') {
        $value->($c);
        return 1;
    }

    # close and reset come after the bytes before them
    return 0 if $c->{out} ne '' && !$self->flush($c);

    if ($what eq 'reset') {
        $self->drop_conn($c, 1);
        return 0;
    }

    shutdown $c->{sock}, 1;
    $c->{closing} = $c->{lingers} = 1;
    $c->{wake} = time() + LINGER;

    return 1;
}


sub flush {
    my ($self, $c) = @_;

    my $n = syswrite $c->{sock}, $c->{out};
    substr $c->{out}, 0, $n, '' if $n;

    return $c->{out} eq '';
}


# Control

sub control {
    my ($self) = @_;

    my $sock = $self->{control_sock}->accept or return;
    my $command = read_frame($sock) or return;
    my ($name, @args) = @$command;

    my $method = $self->can("ctl_$name");
    my @reply = $method
        ? eval { ('ok', $method->($self, @args)) }
        : ('error', "no command $name");
    @reply = ('error', $@) unless @reply;

    send_frame($sock, \@reply);
}


sub ctl_journal { return $_[0]{journal} }


sub ctl_clear { $_[0]{journal} = []; return 1 }


sub ctl_refuse {
    my ($self) = @_;

    close delete $self->{sock} if $self->{sock};

    return 1;
}


sub ctl_accept { $_[0]->listen_on; return 1 }


sub ctl_drop {
    my ($self) = @_;

    $self->drop_conn($_, 1) for values %{$self->{conns}};

    return 1;
}


sub ctl_connections { return $_[0]{accepted} }


sub ctl_open_connections { return scalar keys %{$_[0]{conns}} }


sub at_gate {
    my ($self, $gate) = @_;

    return sort { $a->{gate_n} <=> $b->{gate_n} }
        grep { defined $_->{gate} && $_->{gate} eq $gate }
        values %{$self->{conns}};
}


sub ctl_waiting { return scalar(my @list = at_gate(@_)) }


sub ctl_hold { my ($self, $gate) = @_; delete $self->{opened}{$gate}; 1 }


sub ctl_release {
    my ($self, $gate) = @_;

    $self->{opened}{$gate} = 1;
    $self->pass($_) for $self->at_gate($gate);

    return 1;
}


sub ctl_release_one {
    my ($self, $gate) = @_;

    my ($first) = $self->at_gate($gate) or return 0;
    local $self->{opened}{$gate} = 1;
    $self->pass($first);

    return 1;
}


sub pass {
    my ($self, $c) = @_;

    if (delete $c->{paused}) {
        delete @$c{qw/gate gate_n/};
        $self->on_data($c);
    }

    $self->pump($c);
}


sub ctl_fault {
    my ($self, $fault) = @_;

    my $kinds = $self->fault_kinds;
    die "no fault $fault->{kind}\n" unless exists $kinds->{$fault->{kind}};

    push @{$self->{faults}}, $fault;

    return 1;
}


sub fault_kinds { return {} }


sub ctl_clear_faults { $_[0]{faults} = []; return 1 }


sub ctl_faults_hit { return $_[0]{faults_hit} // 0 }


# The fault for this subject, used up by that

sub next_fault {
    my ($self, $subject) = @_;

    for my $fault (@{$self->{faults} // []}) {
        next if defined $fault->{match} && $subject !~ $fault->{match};
        next if $fault->{after}-- > 0;

        $self->{faults_hit}++;

        if ($fault->{times} && --$fault->{times} == 0) {
            $self->{faults} = [grep { $_ != $fault } @{$self->{faults}}];
        }

        return $fault;
    }

    return undef;
}


# Stops reading until the gate opens

sub pause {
    my ($self, $c, $gate) = @_;

    return if $self->{opened}{$gate};

    @$c{qw/paused gate gate_n/} = (1, $gate, ++$self->{gate_n});
}


1;
