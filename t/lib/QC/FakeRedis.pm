package QC::FakeRedis;

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# A Redis stand-in, for what a real one does not do on demand.
#
#     my $redis = QC::FakeRedis->start(port => port('redis'),
#         password => 'secret');              # and user => 'name'
#     $redis->set_hash('qc:abc', status => 200, ...);
#     $redis->hash_of('qc:abc');              # hash reference or undef
#     $redis->count('HGETALL');               # commands of that name so far
#     $redis->commands('EVAL');               # [{ name, args, conn, t }, ...]
#     $redis->fault('stall', gate => 'g', match => qr/^HGETALL/);
#
# Knows AUTH, SELECT, CLIENT, PING, ECHO, QUIT, GET, SET, DEL, EXISTS,
# HGETALL, HGET, HMGET, HSET, EXPIRE, PEXPIRE, TTL, DBSIZE, FLUSHALL, SCRIPT
# and EVAL/EVALSHA; of scripts it runs none: they answer what the sub in
# start(eval => sub { my ($fake, $keys, $args, $script) = @_; ... }) returns,
# else the integer 1.  That sub makes replies with integer(1), bulk('a'),
# simple('OK'), error('ERR text'), array(bulk('a'), ...) of this package.
#
# Faults (how often and for which commands: see QC::Fake):
#
#   stall     no reply, and none to later commands of the connection, until
#             gate => name opens;  hang: never
#   close     FIN instead of the reply;  reset: RST
#   close_mid FIN after at => N bytes of the reply (half of it)
#   garbage   bytes that are no reply (bytes => '...')
#   loading, readonly, noauth, oom, busy, masterdown, noscript, wrongtype:
#             the error reply;  error: any other, text => 'ERR ...'
#   bulk      the head of a bulk of length => N (1 GB), then silence
#   array     the head of an array of length => N, then silence
#   nested    arrays in arrays, depth => N (1000)
#   reply     bytes => what to send instead (a wrong type, for example)
#   drip      bytes => N at a time (1), every seconds => S (0.001)

use strict;
use warnings;

use parent 'QC::Fake';

use Digest::SHA qw/sha1_hex/;
use Time::HiRes qw/time/;

my %errors = (
    loading    => 'LOADING Redis is loading the dataset in memory',
    readonly   => "READONLY You can't write against a read only replica.",
    noauth     => 'NOAUTH Authentication required.',
    oom        => "OOM command not allowed when used memory > 'maxmemory'.",
    busy       => 'BUSY Redis is busy running a script.',
    masterdown => 'MASTERDOWN Link with MASTER is down',
    noscript   => 'NOSCRIPT No matching script. Please use EVAL.',
    wrongtype  => 'WRONGTYPE Operation against a key holding the wrong kind'
                  . ' of value',
);

# kind => sub(fault, normal reply): steps instead

my %kinds = (
    stall     => sub { return [gate => $_[0]{gate}], $_[1] },
    hang      => sub { return [gate => 'hang'] },
    close     => sub { return ['close'] },
    reset     => sub { return ['reset'] },
    close_mid => sub {
        my $at = $_[0]{at} // int(length($_[1]) / 2);
        return substr($_[1], 0, $at), ['close'];
    },
    garbage   => sub { return $_[0]{bytes} // "HTTP/1.1 200 OK\r\n\r\n" },
    error     => sub { return error($_[0]{text}) },
    bulk      => sub {
        return sprintf("\$%d\r\n", $_[0]{length} // 1 << 30) . 'x' x 100,
            [gate => 'hang'];
    },
    array     => sub {
        return sprintf("*%d\r\n", $_[0]{length} // 1 << 30)
            . bulk('a') x 100, [gate => 'hang'];
    },
    nested    => sub { return "*1\r\n" x ($_[0]{depth} // 1000) . ":1\r\n" },
    reply     => sub { return $_[0]{bytes} },
    drip      => sub {
        my ($bytes, $seconds) = ($_[0]{bytes} // 1,
            $_[0]{seconds} // 0.001);
        my $reply = $_[1];

        return sub {
            return undef if $reply eq '';
            return [substr($reply, 0, $bytes, ''), $seconds];
        };
    },
);

for my $kind (keys %errors) {
    $kinds{$kind} = sub { return error($errors{$kind}) };
}


# In the test

sub commands {
    my ($self, $name) = @_;

    return grep { !defined $name || $_->{name} eq $name } $self->journal;
}


sub count {
    my ($self, $name) = @_;

    return scalar $self->ask('count', $name);
}


sub set_hash {
    my ($self, $key, %fields) = @_;

    return $self->ask('set_hash', $key, \%fields);
}


sub hash_of { return scalar $_[0]->ask('hash_of', $_[1]) }


# Replies

sub simple { return "+$_[0]\r\n" }


sub error { return "-$_[0]\r\n" }


sub integer { return ":$_[0]\r\n" }


sub bulk {
    return defined $_[0] ? '$' . length($_[0]) . "\r\n$_[0]\r\n" : "\$-1\r\n";
}


sub array { return '*' . @_ . "\r\n" . join '', @_ }


# In the child

sub init { @{$_[0]}{qw/data counts scripts/} = ({}, {}, {}) }


sub fault_kinds { return \%kinds }


sub ctl_count {
    my ($self, $name) = @_;

    return $self->{counts}{$name} // 0 if defined $name;

    my $sum = 0;
    $sum += $_ for values %{$self->{counts}};

    return $sum;
}


sub ctl_clear {
    my ($self) = @_;

    $self->{counts} = {};

    return $self->SUPER::ctl_clear;
}


sub ctl_set_hash {
    my ($self, $key, $fields) = @_;

    $self->{data}{$key} = $fields;

    return 1;
}


sub ctl_hash_of { return $_[0]{data}{$_[1]} }


sub on_data {
    my ($self, $c) = @_;

    while (!$c->{gone} && !$c->{closing} && (my $words = take($c))) {
        my ($name, @args) = @$words;
        $name = uc $name;

        $self->{counts}{$name}++;
        push @{$self->{journal}}, { name => $name, args => \@args,
            conn => $c->{id}, t => time() };

        my $subject = @args ? "$name $args[0]" : $name;
        my $fault = $self->next_fault($subject);
        my $reply = $self->reply_to($c, $name, @args);

        $self->send_steps($c, $fault
            ? $kinds{$fault->{kind}}->($fault, $reply) : $reply);
    }
}


# One complete command of the connection, as a list of words

sub take {
    my ($c) = @_;

    # inline, as typed
    if ($c->{in} =~ /^[A-Za-z]/) {
        return $c->{in} =~ s/^([^\r\n]*)\r?\n// ? [split ' ', $1] : undef;
    }

    return undef unless $c->{in} =~ /^\*(\d+)\r\n/;
    my $count = $1;
    my $at = $+[0];
    my @words;

    for (1 .. $count) {
        pos($c->{in}) = $at;
        return undef unless $c->{in} =~ /\G\$(\d+)\r\n/g;
        $at = $+[0] + $1 + 2;
        return undef if length $c->{in} < $at;
        push @words, substr $c->{in}, $+[0], $1;
    }

    substr $c->{in}, 0, $at, '';

    return \@words;
}


sub reply_to {
    my ($self, $c, $name, @args) = @_;

    return $self->auth($c, @args) if $name eq 'AUTH';

    return error($errors{noauth})
        if defined $self->{password} && !$c->{authenticated};

    my $method = $self->can("do_$name");

    return $method ? $method->($self, @args)
        : error("ERR unknown command '$name'");
}


sub auth {
    my ($self, $c, @args) = @_;

    my $password = pop @args;
    my $user = $args[0] // 'default';

    $c->{authenticated} = defined $self->{password}
        && $password eq $self->{password}
        && $user eq ($self->{user} // 'default');

    return $c->{authenticated} ? simple('OK')
        : error('WRONGPASS invalid username-password pair or user is'
                . ' disabled.');
}


for my $name (qw/SELECT CLIENT QUIT/) {
    no strict 'refs';
    *{"do_$name"} = sub { return simple('OK') };
}


sub do_PING { return @_ > 1 ? bulk($_[1]) : simple('PONG') }


sub do_ECHO { return bulk($_[1]) }


sub do_GET { return bulk($_[0]{data}{$_[1]}) }


sub do_SET { $_[0]{data}{$_[1]} = $_[2]; return simple('OK') }


sub do_DEL {
    my ($self, @keys) = @_;

    return integer(scalar grep { defined } delete @{$self->{data}}{@keys});
}


sub do_EXISTS { return integer(exists $_[0]{data}{$_[1]} ? 1 : 0) }


sub do_HGETALL {
    my ($self, $key) = @_;

    my $hash = $self->{data}{$key} // {};

    return array(map { bulk($_), bulk($hash->{$_}) } sort keys %$hash);
}


sub do_HGET { return bulk(($_[0]{data}{$_[1]} // {})->{$_[2]}) }


sub do_HMGET {
    my ($self, $key, @fields) = @_;

    my $hash = $self->{data}{$key} // {};

    return array(map { bulk($hash->{$_}) } @fields);
}


sub do_HSET {
    my ($self, $key, %fields) = @_;

    my $hash = $self->{data}{$key} //= {};
    my $new = grep { !exists $hash->{$_} } keys %fields;
    @$hash{keys %fields} = values %fields;

    return integer($new);
}


sub do_EXPIRE { return do_EXISTS(@_) }


sub do_PEXPIRE { return do_EXISTS(@_) }


sub do_TTL { return integer(exists $_[0]{data}{$_[1]} ? 60 : -2) }


sub do_DBSIZE { return integer(scalar keys %{$_[0]{data}}) }


sub do_FLUSHALL { $_[0]{data} = {}; return simple('OK') }


sub do_SCRIPT {
    my ($self, $what, @args) = @_;

    if (uc $what eq 'LOAD') {
        my $sum = sha1_hex($args[0]);
        $self->{scripts}{$sum} = $args[0];
        return bulk($sum);
    }

    if (uc $what eq 'EXISTS') {
        return array(map { integer($self->{scripts}{lc $_} ? 1 : 0) } @args);
    }

    $self->{scripts} = {} if uc $what eq 'FLUSH';

    return simple('OK');
}


sub do_EVAL {
    my ($self, $script, $count, @args) = @_;

    $self->{scripts}{sha1_hex($script)} = $script;

    my @keys = splice @args, 0, $count;

    return $self->{eval} ? $self->{eval}->($self, \@keys, \@args, $script)
        : integer(1);
}


sub do_EVALSHA {
    my ($self, $sum, @rest) = @_;

    my $script = $self->{scripts}{lc $sum} // return error($errors{noscript});

    return $self->do_EVAL($script, @rest);
}


1;
