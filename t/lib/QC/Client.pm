package QC::Client;

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# An HTTP/1 client over one persistent connection, for what a test must see
# exactly: one answer at a time, when its bytes came, how it ended.
#
#     my $c = QC::Client->new(port => $port);
#     my $r = $c->get('/a', headers => ['Range' => 'bytes=0-9']);
#     is($r->status, 206);
#     is($r->header('Content-Length'), 10);
#     $r = $c->post('/b', $body, chunked => 1, expect => 1);
#     is($r->body_md5, ...); ok($r->complete); is($r->error, '');
#
# In steps:  $c->send_request('GET', '/a');  $c->send($bytes);
#            $r = $c->read_response(method => 'GET');
# Also:      $c->readable(0.1), $c->ended(2), $c->close, $c->reset,
#            $c->await(1000): so many bytes are here, left for later.
#
# Options of a request: headers => [name => value, ...] (Host, and
# Content-Length for a body, are added unless named), body, version
# ("1.1"), chunked => 1 or bytes a chunk, expect => 1 (sends the body after
# "100 Continue"), timeout (seconds, for the whole answer), discard => 1
# (keeps length and md5 of the body, not the body), rate => bytes a second
# (a slow reader), stop_after => bytes of the body to read, no more.
#
# error of an answer: '' or 'timeout', 'closed' (before its end), 'reset',
# 'malformed', 'stopped'.  Times (t_sent, t_first, t_head, t_last) are
# seconds since the epoch; elapsed is from t_sent to t_last.

use strict;
use warnings;

use Digest::MD5;
use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;
use List::Util qw/pairkeys/;
use Socket qw/SOL_SOCKET SO_LINGER SO_RCVBUF IPPROTO_TCP TCP_NODELAY/;
use Time::HiRes qw/time/;


sub new {
    my ($class, %o) = @_;

    return bless { host => $o{host} // '127.0.0.1', port => $o{port},
        unix => $o{unix}, timeout => $o{timeout} // 10,
        rcvbuf => $o{rcvbuf}, in => '' }, $class;
}


sub connect {
    my ($self) = @_;

    return $self if $self->{sock};

    my $sock = defined $self->{unix}
        ? IO::Socket::UNIX->new(Peer => $self->{unix})
        : IO::Socket::INET->new(PeerAddr => $self->{host},
              PeerPort => $self->{port}, Timeout => $self->{timeout});

    die "cannot connect to " . ($self->{unix} // "port $self->{port}")
        . ": $!\n" unless $sock;

    if (!defined $self->{unix}) {
        setsockopt $sock, IPPROTO_TCP, TCP_NODELAY, 1;
    }

    if ($self->{rcvbuf}) {
        setsockopt $sock, SOL_SOCKET, SO_RCVBUF, pack('i', $self->{rcvbuf});
    }

    $sock->blocking(0);
    @$self{qw/sock in eof/} = ($sock, '', '');

    return $self;
}


sub get { my $self = shift; return $self->request('GET', @_) }


sub head { my $self = shift; return $self->request('HEAD', @_) }


sub post {
    my ($self, $uri, $body, %o) = @_;

    return $self->request('POST', $uri, body => $body, %o);
}


sub request {
    my ($self, $method, $uri, %o) = @_;

    my $early = $self->send_request($method, $uri, %o);

    return $early || $self->read_response(%o, method => $method);
}


# Returns an answer only if it came instead of "100 Continue".

sub send_request {
    my ($self, $method, $uri, %o) = @_;

    $self->connect;

    my @headers = @{$o{headers} // []};
    my %named = map { lc() => 1 } pairkeys @headers;
    my $version = $o{version} // '1.1';
    my $body = $o{body};

    unshift @headers, Host => 'localhost' unless $named{host};

    if (defined $body && $o{chunked}) {
        push @headers, 'Transfer-Encoding' => 'chunked';

    } elsif (defined $body && !$named{'content-length'}) {
        push @headers, 'Content-Length' => length $body;
    }

    push @headers, Expect => '100-continue' if $o{expect};

    my $head = "$method $uri HTTP/$version\r\n";

    while (my ($name, $value) = splice @headers, 0, 2) {
        $head .= "$name: $value\r\n";
    }

    $body = $o{chunked} ? chunks($body, $o{chunked}) : $body // '';
    $self->{t_sent} = time();

    if (!$o{expect}) {
        $self->send("$head\r\n$body");
        return;
    }

    $self->send("$head\r\n");

    my $r = $self->read_response(%o, method => $method, interim => 1);
    return $r if $r->{status} != 100;

    $self->send($body);
    return;
}


sub chunks {
    my ($body, $size) = @_;
    my $out = '';

    $size = 8192 if $size == 1;

    for (my $at = 0; $at < length $body; $at += $size) {
        my $piece = substr $body, $at, $size;
        $out .= sprintf "%x\r\n%s\r\n", length $piece, $piece;
    }

    return $out . "0\r\n\r\n";
}


# Sends raw bytes; false if the peer has closed or takes none for too long.

sub send {
    my ($self, $bytes) = @_;

    $self->connect;
    $self->{t_sent} = time();

    my $select = IO::Select->new($self->{sock});
    my $at = 0;

    while ($at < length $bytes) {
        return 0 unless $select->can_write($self->{timeout});

        my $n = syswrite $self->{sock}, $bytes, 262144, $at;
        next if !defined $n && $!{EAGAIN};
        return 0 unless $n;
        $at += $n;
    }

    return 1;
}


# Reads exactly one answer, leaving what follows for the next call.

sub read_response {
    my ($self, %o) = @_;

    my $r = bless { status => 0, headers => [], body => '', error => '',
        body_length => 0, interim => [], t_sent => $self->{t_sent},
        digest => Digest::MD5->new }, 'QC::Response';

    $self->{end} = time() + ($o{timeout} // $self->{timeout});
    @$self{qw/rate first t_first/} = ($o{rate}, time(), undef);

    my $ok = eval { $self->read_parts($r, %o); 1 };

    if (!$ok) {
        die $@ unless ref $@;
        $r->{error} = ${$@};
    }

    $r->{t_first} = $self->{t_first};
    $r->{t_last} = time();
    $r->{body_md5} = delete($r->{digest})->hexdigest;
    $r->{complete} = $r->{error} eq '';

    $self->close if $r->{error} || $r->{closes};

    return $r;
}


sub read_parts {
    my ($self, $r, %o) = @_;

    while (1) {
        $self->read_head($r);
        last if $r->{status} >= 200 || $o{interim};
        push @{$r->{interim}}, { %$r };
    }

    return if $r->{status} < 200;

    my $connection = lc($r->header('Connection') // '');
    my $length = $r->header('Content-Length');

    $r->{closes} = $connection =~ /close/
        || ($r->{version} eq '1.0' && $connection !~ /keep-alive/);

    return if ($o{method} // '') eq 'HEAD' || $r->{status} =~ /^[23]04$/;

    if (lc($r->header('Transfer-Encoding') // '') eq 'chunked') {
        $self->read_chunked($r, \%o);

    } elsif (defined $length) {
        $self->read_body($r, $length, \%o);

    } else {
        $r->{closes} = 1;
        $self->read_body($r, undef, \%o);
    }
}


sub read_head {
    my ($self, $r) = @_;

    $self->fill until $self->{in} =~ /\r?\n\r?\n/;

    $self->{in} =~ s/^(.*?\r?\n)\r?\n//s;
    my $head = $1;

    throw('malformed')
        unless $head =~ m{^HTTP/(\d\.\d) (\d{3}) ?(.*?)\r?\n}g;

    @$r{qw/version status reason raw_head t_head headers/}
        = ($1, $2, $3, "$head\r\n", time(), []);

    while ($head =~ /\G([^:\s]+):[ \t]*(.*?)[ \t]*\r?\n/gc) {
        push @{$r->{headers}}, [$1, $2];
    }

    throw('malformed') if (pos($head) // 0) != length $head;
}


sub read_body {
    my ($self, $r, $length, $o) = @_;

    while (!defined $length || $length > 0) {
        throw('stopped') if $o->{stop_after}
                            && $r->{body_length} >= $o->{stop_after};

        if ($self->{in} eq '' && !$self->fill(!defined $length)) {
            return;
        }

        my $n = length $self->{in};
        $n = $length if defined $length && $n > $length;
        my $data = substr $self->{in}, 0, $n, '';

        $r->{digest}->add($data);
        $r->{body} .= $data unless $o->{discard};
        $r->{body_length} += $n;
        $length -= $n if defined $length;
    }
}


sub read_chunked {
    my ($self, $r, $o) = @_;

    while (1) {
        my $line = $self->read_line;
        throw('malformed') unless $line =~ /^([0-9a-f]+)\s*(;.*)?$/i;
        my $size = hex $1;

        last if $size == 0;

        push @{$r->{chunks}}, $size if !$o->{discard};
        $self->read_body($r, $size, $o);
        throw('malformed') if $self->read_line ne '';
    }

    while ((my $line = $self->read_line) ne '') {
        throw('malformed') unless $line =~ /^([^:\s]+):[ \t]*(.*?)[ \t]*$/;
        push @{$r->{trailers}}, [$1, $2];
    }
}


sub read_line {
    my ($self) = @_;

    $self->fill until $self->{in} =~ /\n/;
    $self->{in} =~ s/^(.*?)\r?\n//s;

    return $1;
}


# Reads what there is; false at the end of the stream if that is allowed.

sub fill {
    my ($self, $end_allowed) = @_;

    my $left = $self->{end} - time();
    my $size = 262144;

    if ($self->{rate}) {
        $size = int($self->{rate} / 20) || 1;
        select undef, undef, undef, 0.05;       # the pace, not a wait
    }

    throw('closed') unless $self->{sock};
    throw('timeout')
        if $left <= 0 || !IO::Select->new($self->{sock})->can_read($left);

    my $n = sysread $self->{sock}, $self->{in}, $size, length $self->{in};

    if (!defined $n) {
        return 1 if $!{EAGAIN} || $!{EINTR};
        throw('reset');
    }

    $self->{t_first} //= time() if $n;

    if ($n == 0) {
        $self->{eof} = 1;
        return 0 if $end_allowed;
        throw('closed');
    }

    return 1;
}


sub throw {
    my ($error) = @_;

    die \$error;
}


sub readable {
    my ($self, $seconds) = @_;

    return 1 if $self->{in} ne '';
    return $self->{sock}
           && IO::Select->new($self->{sock})->can_read($seconds // 0);
}


# True if the peer closed (or reset) within the time, sending nothing more

sub ended {
    my ($self, $seconds) = @_;

    return 1 unless $self->{sock};
    return 0 unless $self->readable($seconds // 5);

    my $n = sysread $self->{sock}, $self->{in}, 65536, length $self->{in};

    return !$n && $self->{in} eq '' ? 1 : 0;
}


# True once at least so many bytes are here that no answer has taken

sub await {
    my ($self, $bytes, $timeout) = @_;

    $self->{end} = time() + ($timeout // $self->{timeout});
    delete $self->{rate};

    return eval {
        $self->fill while length $self->{in} < $bytes;
        1;
    } ? 1 : ref $@ ? 0 : die $@;
}


# Reads to the end of the stream: the raw bytes

sub read_all {
    my ($self, $timeout) = @_;

    $self->{end} = time() + ($timeout // $self->{timeout});
    @$self{qw/rate/} = ();

    eval { 1 while $self->fill(1); 1 } or ref $@ or die $@;

    my $all = $self->{in};
    $self->close;

    return $all;
}


sub close {
    my ($self) = @_;

    CORE::close($self->{sock}) if $self->{sock};
    @$self{qw/sock in/} = (undef, '');
}


sub reset {
    my ($self) = @_;

    setsockopt $self->{sock}, SOL_SOCKET, SO_LINGER, pack('ii', 1, 0)
        if $self->{sock};
    $self->close;
}


sub socket { return $_[0]->connect->{sock} }


package QC::Response;

for my $field (qw/status reason version headers body body_length body_md5
    complete error interim trailers chunks raw_head closes
    t_sent t_first t_head t_last/)
{
    no strict 'refs';
    *$field = sub { return $_[0]{$field} };
}


# The first value of a field, undef if there is none

sub header {
    my ($self, $name) = @_;

    return ($self->header_all($name))[0];
}


sub header_all {
    my ($self, $name) = @_;

    return map { $_->[1] } grep { lc $_->[0] eq lc $name }
        @{$self->{headers}};
}


sub elapsed {
    my ($self) = @_;

    return $self->{t_last} - $self->{t_sent};
}


1;
