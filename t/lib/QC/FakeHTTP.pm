package QC::FakeHTTP;

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# HTTP/1 for QC::Fake: reads requests (Content-Length, chunked, Expect:
# 100-continue, keep-alive, pipelined) and writes answers from a
# description, the same for QC::Upstream and QC::FakeS3:
#
#   status => 200, reason => 'OK', headers => [name => value, ...]
#   body => bytes
#   size => N, seed => 'a', kind => 'json'      a QC::Body of N bytes
#   chunked => 1 or bytes a chunk; trailers => [name => value, ...];
#     no_last_chunk => 1                        the body just ends
#   length => N          the Content-Length to claim
#   eof => 1             no length: the end of the connection ends the body
#   close => 1           "Connection: close", and closes after the answer
#   version => '1.0'
#   interim => [bytes]   sent before, such as "HTTP/1.1 103 ...\r\n\r\n"
#   raw => bytes         sent instead of all that, then closes (garbage)
#   delay => seconds, gate => name               before the first byte
#   at => [[N, step], ...]   steps of QC::Fake after N bytes of the body, as
#     [1000, gate => 'g'], [1000, delay => 0.2], [1000, 'reset'],
#     [1000, 'close']; N = 0: after the header
#   cut => N             closes after N bytes of the body
#   reset => N           resets there; N = -1: before the header
#   hang => N            says nothing more there; N = -1: before the header
#   flip => N            inverts byte N of the body
#   drip => [bytes, seconds]     that many bytes at a time, with pauses
#
# Each request is noted in the journal:
#   n, conn, method, uri, path, args, version, headers {lower-case name =>
#   value}, header_list [[name, value]], length, md5, body (up to 64 KB),
#   t, t_done, outcome: '' while under way, 'done', 'cut' (as described),
#   'closed' (the client went away first)

use strict;
use warnings;

use parent 'QC::Fake';

use Digest::MD5;
use List::Util qw/min pairkeys/;
use Time::HiRes qw/time/;

use QC::Body;

use constant {
    PIECE       => 65536,
    KEEP_BODY   => 65536,
    HANG        => 'hang',      # a gate nobody opens
};

my %reason = (100 => 'Continue', 200 => 'OK', 204 => 'No Content',
    206 => 'Partial Content', 301 => 'Moved Permanently', 302 => 'Found',
    304 => 'Not Modified', 400 => 'Bad Request', 403 => 'Forbidden',
    404 => 'Not Found', 412 => 'Precondition Failed',
    416 => 'Range Not Satisfiable', 429 => 'Too Many Requests',
    500 => 'Internal Server Error', 501 => 'Not Implemented',
    502 => 'Bad Gateway', 503 => 'Service Unavailable',
    504 => 'Gateway Timeout');


# In the test: the requests noted, all or those that match: a path, "METHOD
# path", or a pattern for "METHOD uri".

sub requests {
    my ($self, $filter) = @_;

    my @requests = $self->journal;
    return @requests unless defined $filter;

    return grep { matches($_, $filter) } @requests;
}


sub count { my @list = requests(@_); return scalar @list }


sub last { return (requests(@_))[-1] }


# Waits until that many matching requests have come (or gone: outcome)

sub wait_requests {
    my ($self, $filter, $count, $seconds) = @_;

    return QC::Util::wait_until(sub {
        return $self->count($filter) >= $count;
    }, $seconds // 5);
}


sub matches {
    my ($req, $filter) = @_;

    return "$req->{method} $req->{uri}" =~ $filter if ref $filter;
    return $filter =~ / / ? "$req->{method} $req->{path}" eq $filter
                          : $req->{path} eq $filter;
}


# In the child.  A subclass has answer(request): a description; and may have
# on_head(request): a description to answer without reading the body, or
# { pause => gate } to leave the body unread until the gate opens.

sub on_head { return undef }


sub keep_body { return KEEP_BODY }


sub on_data {
    my ($self, $c) = @_;

    while (!$c->{gone} && !$c->{closing} && !$c->{busy}) {
        if (!$c->{req}) {
            $self->read_head($c) or return;
        }

        # an early answer may be out already
        return if $c->{busy} || $c->{paused} || !$c->{req};

        my $done = eval { $self->read_body($c) };

        if (!defined $done) {
            $self->respond($c, { status => 400, close => 1, body => $@ });
            return;
        }

        return unless $done;

        my $req = $c->{req};
        $req->{md5} = delete($c->{digest})->hexdigest;
        $self->respond($c, $self->answer($req));
    }
}


sub on_eof {
    my ($self, $c) = @_;

    if ($c->{req} && !$c->{req}{outcome}) {
        $c->{req}{outcome} = 'closed';
        $c->{req}{t_done} = time();
    }
}


sub read_head {
    my ($self, $c) = @_;

    $c->{in} =~ s/^(?:\r\n)+//;
    return 0 unless $c->{in} =~ s/^(.*?\r\n)\r\n//s;
    my $head = $1;

    if ($head !~ m{^([A-Z]+) (\S+) HTTP/(\d\.\d)\r\n}g) {
        $c->{req} = {};
        $self->respond($c, { status => 400, close => 1 });
        return 0;
    }

    my $req = { method => $1, uri => $2, version => $3, conn => $c->{id},
        t => time(), length => 0, body => '', headers => {},
        header_list => [], outcome => '', n => ++$self->{request_n} };

    while ($head =~ /\G([^:\s]+):[ \t]*(.*?)[ \t]*\r\n/gc) {
        my ($name, $value) = ($1, $2);
        push @{$req->{header_list}}, [$name, $value];
        $name = lc $name;
        $req->{headers}{$name} = exists $req->{headers}{$name}
            ? "$req->{headers}{$name}, $value" : $value;
    }

    @$req{qw/path args/} = split /\?/, $req->{uri}, 2;
    $req->{args} //= '';

    push @{$self->{journal}}, $req;
    $c->{req} = $req;
    $c->{digest} = Digest::MD5->new;
    $c->{chunked} =
        ($req->{headers}{'transfer-encoding'} // '') =~ /chunked/i;
    $c->{left} = $c->{chunked} ? 0 : $req->{headers}{'content-length'} // 0;

    my $early = $self->on_head($req);

    if ($early && defined $early->{pause}) {
        $self->pause($c, $early->{pause});

    } elsif ($early) {
        $self->respond($c, { close => 1, %$early });
        return 1;
    }

    if (($req->{headers}{expect} // '') =~ /100-continue/i) {
        $self->send_steps($c, "HTTP/1.1 100 Continue\r\n\r\n");
    }

    return 1;
}


# True when the body is complete; dies if it is malformed

sub read_body {
    my ($self, $c) = @_;

    while (1) {
        if ($c->{left} > 0) {
            return 0 if $c->{in} eq '';
            $self->take($c, min($c->{left}, length $c->{in}));
            next;
        }

        return 1 unless $c->{chunked};

        $c->{in} =~ s/^\r\n// if $c->{in_chunk};
        return 0 unless $c->{in} =~ s/^([^\r]*)\r\n//;
        my $line = $1;

        if ($c->{in_trailer}) {
            next if $line ne '';
            delete @$c{qw/in_chunk in_trailer chunked/};
            return 1;
        }

        die "bad chunk\n" unless $line =~ /^([0-9a-f]+)(?:;.*)?$/i;
        $c->{left} = hex $1;
        @$c{qw/in_chunk in_trailer/} = (1, $c->{left} == 0);
        $c->{in_chunk} = 0 if $c->{left} == 0;
    }
}


sub take {
    my ($self, $c, $n) = @_;

    my $req = $c->{req};
    my $data = substr $c->{in}, 0, $n, '';

    $c->{left} -= $n;
    $c->{digest}->add($data);
    $req->{length} += $n;

    my $keep = $self->keep_body;

    $req->{body} .= substr $data, 0, $keep - length $req->{body}
        if length $req->{body} < $keep;
}


sub respond {
    my ($self, $c, $d) = @_;

    my $req = $c->{req};
    my $headers = $req->{headers} // {};

    $c->{busy} = 1;

    my $close = $d->{close} || $d->{eof} || defined $d->{raw}
        || ($headers->{connection} // '') =~ /close/i
        || (($req->{version} // '1.0') eq '1.0'
            && ($headers->{connection} // '') !~ /keep-alive/i);

    my $finish = sub {
        my ($conn) = @_;

        @$req{qw/outcome t_done/} = ('done', time());
        delete $conn->{busy};
        delete $conn->{req};
        $self->on_data($conn) if !$close && $conn->{in} ne '';
    };

    $self->send_steps($c, $self->steps($req, $d), [call => $finish],
        $close ? ['close'] : ());
}


# The description as steps

sub steps {
    my ($self, $req, $d) = @_;
    my @steps;

    my $cut = [call => sub { @$req{qw/outcome t_done/} = ('cut', time()) }];

    push @steps, [delay => $d->{delay}] if $d->{delay};
    push @steps, [gate => $d->{gate}] if defined $d->{gate};
    push @steps, $cut, ['reset'] if ($d->{reset} // 0) == -1;
    push @steps, [gate => HANG] if ($d->{hang} // 0) == -1;
    push @steps, @{$d->{interim} // []};

    return @steps, $d->{raw} if defined $d->{raw};

    my $body = defined $d->{body} ? undef
        : QC::Body->new(map { $_ => $d->{$_} } qw/size seed kind/);
    my $size = $body ? $body->size : length $d->{body};

    push @steps, $self->head_of($d, $size);

    return @steps if ($req->{method} // '') eq 'HEAD'
                     || ($d->{status} // 200) =~ /^[23]04$/;

    my @stops = @{$d->{at} // []};
    push @stops, [$d->{hang}, gate => HANG]
        if defined $d->{hang} && $d->{hang} >= 0;
    push @stops, [$d->{cut}, @$cut], [$d->{cut}, 'close']
        if defined $d->{cut};
    push @stops, [$d->{reset}, @$cut], [$d->{reset}, 'reset']
        if defined $d->{reset} && $d->{reset} >= 0;

    my $read = $body ? sub { $body->read(@_) }
                     : sub { substr $d->{body}, $_[0], $_[1] };

    return @steps, body_steps($d, $read, $size, @stops);
}


sub head_of {
    my ($self, $d, $size) = @_;

    my $status = $d->{status} // 200;
    my $text = $d->{reason} // $reason{$status} // 'Unknown';
    my @headers = @{$d->{headers} // []};

    my %named = map { lc() => 1 } pairkeys @headers;

    push @headers, 'Content-Type' => 'application/json'
        unless $named{'content-type'} || $status =~ /^[23]04$/;

    if ($d->{chunked}) {
        push @headers, 'Transfer-Encoding' => 'chunked';
        push @headers, Trailer => join ', ', pairkeys @{$d->{trailers}}
            if $d->{trailers};

    } elsif (!$d->{eof} && !$named{'content-length'} && $status != 204) {
        push @headers, 'Content-Length' => $d->{length} // $size;
    }

    push @headers, Connection => 'close' if $d->{close};

    my $head = 'HTTP/' . ($d->{version} // '1.1') . " $status $text\r\n";

    while (my ($name, $value) = splice @headers, 0, 2) {
        $head .= "$name: $value\r\n" if defined $value;
    }

    return "$head\r\n";
}


# The body in pieces up to each stop

sub body_steps {
    my ($d, $read, $size, @stops) = @_;
    my @steps;
    my $at = 0;

    for my $stop (sort { $a->[0] <=> $b->[0] } @stops) {
        my ($offset, @step) = @$stop;

        $offset = $size if $offset > $size;
        push @steps, range($d, $read, $at, $offset) if $offset > $at;
        push @steps, [@step];
        $at = $offset;
    }

    push @steps, range($d, $read, $at, $size) if $size > $at;

    return @steps if !$d->{chunked} || $d->{no_last_chunk} && push @steps,
        ['close'];

    my $last = "0\r\n";
    my @trailers = @{$d->{trailers} // []};

    while (my ($name, $value) = splice @trailers, 0, 2) {
        $last .= "$name: $value\r\n";
    }

    return @steps, "$last\r\n";
}


sub range {
    my ($d, $read, $at, $end) = @_;

    my ($drip, $pause) = @{$d->{drip} // [PIECE, 0]};
    my $chunked = $d->{chunked} // 0;

    $drip = min($drip, $chunked) if $chunked > 1;

    return sub {
        return undef if $at >= $end;

        my $n = min($drip, $end - $at);
        my $data = $read->($at, $n);

        if (defined $d->{flip} && $d->{flip} >= $at
            && $d->{flip} < $at + $n)
        {
            substr($data, $d->{flip} - $at, 1) ^= "\xff";
        }

        $at += $n;
        $data = sprintf "%x\r\n%s\r\n", $n, $data if $chunked;

        return $pause ? [$data, $pause] : $data;
    };
}


1;
