package QC::FakeS3;

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# An S3 stand-in, for what a real store does not do on demand.  Keeps
# objects in memory by path (/bucket/key), notes every request, checks the
# payload hash but no signature.
#
#     my $s3 = QC::FakeS3->start(port => port('s3'));
#     $s3->put('/bucket/key', 'body', 'x-amz-meta-a' => 'b');
#     $s3->object('/bucket/key');     # { body, headers, etag, time } or undef
#     $s3->keys;                      # sorted paths
#     $s3->delete('/bucket/key');
#     $s3->count(qr/^PUT/); $s3->last(qr/^GET/)->{headers}{authorization};
#     $s3->refuse; $s3->accept;       # connection refused, and again well
#     $s3->fault('status', status => 503, match => qr/^GET/, times => 0);
#
# Faults (how often and for which requests: see QC::Fake):
#
#   status    status => 403, 404, 500, 503, ... with S3's XML body; a PUT is
#             not kept; early => 1: said before the request body is read
#   reset     RST before the answer;  close: FIN before the answer
#   hang      no answer, ever;  stall: none until gate => name opens
#   unread    the request body is not read until gate => name opens
#   lost      the request is carried out, then RST instead of the answer
#   garbage   bytes that are no HTTP (bytes => '...')
#   length    Content-Length differs from the body by => N (such as -3, 3)
#   cut       closes after at => N bytes of the body (half of it);
#   reset_body, hang_body       the same with RST, or silence
#   flip      byte at => N of the body (the middle) is inverted
#   body      another body => bytes
#   meta      headers of the answer: headers => { name => value or undef }
#   drip      bytes => N at a time (1), every seconds => S (0.05)
#
# Over TLS: QC::TLS.

use strict;
use warnings;

use parent 'QC::FakeHTTP';

use Digest::MD5 qw/md5_hex/;
use Digest::SHA qw/sha256_hex/;
use POSIX qw/strftime/;

use constant JOURNAL_BODY => 4096;

my %error = (400 => 'BadRequest', 403 => 'AccessDenied',
    404 => 'NoSuchKey', 405 => 'MethodNotAllowed',
    409 => 'OperationAborted', 412 => 'PreconditionFailed',
    416 => 'InvalidRange', 500 => 'InternalError', 501 => 'NotImplemented',
    503 => 'SlowDown');

# kind => sub(fault, normal answer): the answer instead

my %kinds = (
    status     => sub { xml_error($_[0]{status} // 500, $_[0]{code}) },
    reset      => sub { return { reset => -1 } },
    close      => sub { return { raw => '' } },
    hang       => sub { return { hang => -1 } },
    stall      => sub { return { %{$_[1]}, gate => $_[0]{gate} } },
    unread     => sub { return $_[1] },
    lost       => sub { return { reset => -1 } },
    garbage    => sub {
        return { raw => $_[0]{bytes} // "\x00\xffnot HTTP\r\n\r\n" };
    },
    length     => sub {
        return { %{$_[1]}, close => 1,
            length => length($_[1]{body}) + $_[0]{by} };
    },
    cut        => sub { return { %{$_[1]}, cut => at(@_) } },
    reset_body => sub { return { %{$_[1]}, reset => at(@_) } },
    hang_body  => sub { return { %{$_[1]}, hang => at(@_) } },
    flip       => sub { return { %{$_[1]}, flip => at(@_) } },
    body       => sub { return { %{$_[1]}, body => $_[0]{body} } },
    meta       => sub { return with_headers(@_) },
    drip       => sub {
        return { %{$_[1]},
            drip => [$_[0]{bytes} // 1, $_[0]{seconds} // 0.05] };
    },
);


# In the test

sub put {
    my ($self, $path, $body, %headers) = @_;

    return $self->ask('put', $path, $body, \%headers);
}


sub object { return scalar $_[0]->ask('object', $_[1]) }


sub keys { return @{$_[0]->ask('keys')} }


sub delete { return scalar $_[0]->ask('delete', $_[1]) }


# In the child

sub init { $_[0]{objects} = {} }


sub keep_body { return 1 << 40 }


sub fault_kinds { return \%kinds }


sub ctl_put {
    my ($self, $path, $body, $headers) = @_;

    $self->{objects}{$path} = { body => $body, headers => $headers,
        etag => '"' . md5_hex($body) . '"', time => time() };

    return 1;
}


sub ctl_object { return $_[0]{objects}{$_[1]} }


sub ctl_keys { return [sort CORE::keys %{$_[0]{objects}}] }


sub ctl_delete { return delete $_[0]{objects}{$_[1]} ? 1 : 0 }


sub at {
    my ($fault, $answer) = @_;

    return $fault->{at} // int(length($answer->{body}) / 2);
}


sub with_headers {
    my ($fault, $answer) = @_;

    my %change = map { lc() => $fault->{headers}{$_} }
        CORE::keys %{$fault->{headers}};
    my @headers = @{$answer->{headers} // []};
    my @kept;

    while (my ($name, $value) = splice @headers, 0, 2) {
        push @kept, $name, $value unless exists $change{lc $name};
    }

    push @kept, map { $_ => $change{$_} }
        grep { defined $change{$_} } sort CORE::keys %change;

    return { %$answer, headers => \@kept };
}


sub xml_error {
    my ($status, $code) = @_;

    $code //= $error{$status} // 'Unknown';

    return { status => $status,
        headers => ['Content-Type' => 'application/xml',
                    'x-amz-request-id' => 'fake'],
        body => qq{<?xml version="1.0" encoding="UTF-8"?>\n<Error>}
            . "<Code>$code</Code><Message>$code</Message>"
            . '<RequestId>fake</RequestId></Error>' };
}


sub on_head {
    my ($self, $req) = @_;

    my $fault = $self->next_fault("$req->{method} $req->{uri}")
        or return undef;

    $req->{fault} = $fault->{kind};
    $self->{fault_of}{$req->{n}} = $fault;

    return { pause => $fault->{gate} } if $fault->{kind} eq 'unread';

    if ($fault->{early}) {
        delete $self->{fault_of}{$req->{n}};
        return $kinds{$fault->{kind}}->($fault, {});
    }

    return undef;
}


sub answer {
    my ($self, $req) = @_;

    my $fault = delete $self->{fault_of}{$req->{n}};

    # a request that is refused or never answered is not carried out
    my $answer = $fault && $fault->{kind} =~ /^(?:status|reset|close|hang|
            garbage)$/x
        ? {} : $self->carry_out($req);

    if (length $req->{body} > JOURNAL_BODY) {
        substr($req->{body}, JOURNAL_BODY) = '';
    }

    return $fault ? $kinds{$fault->{kind}}->($fault, $answer) : $answer;
}


sub carry_out {
    my ($self, $req) = @_;

    my $method = $req->{method};

    return xml_error(501) if $req->{args} =~ /^(?:uploads|delete|tagging)/;
    return $self->put_object($req) if $method eq 'PUT';
    return $self->get_object($req) if $method =~ /^(?:GET|HEAD)$/;
    return xml_error(405) if $method ne 'DELETE';

    delete $self->{objects}{$req->{path}};

    return { status => 204, body => '' };
}


sub put_object {
    my ($self, $req) = @_;

    my $headers = $req->{headers};
    my $hash = $headers->{'x-amz-content-sha256'} // '';

    return xml_error(400, 'XAmzContentSHA256Mismatch')
        if $hash =~ /^[0-9a-f]{64}$/ && $hash ne sha256_hex($req->{body});

    return xml_error(412) if ($headers->{'if-none-match'} // '') eq '*'
                             && $self->{objects}{$req->{path}};

    my %kept = map { $_ => $headers->{$_} } grep {
        /^x-amz-(?:meta-|tagging|storage-class)|^cache-control$
            |^content-(?:type|encoding|disposition)$/x
    } CORE::keys %$headers;

    $self->ctl_put($req->{path}, $req->{body}, \%kept);

    return { body => '', headers => [
        ETag => $self->{objects}{$req->{path}}{etag},
        'x-amz-request-id' => 'fake'] };
}


sub get_object {
    my ($self, $req) = @_;

    my $object = $self->{objects}{$req->{path}} or return xml_error(404);
    my $body = $object->{body};
    my %kept = %{$object->{headers}};
    my $tags = delete $kept{'x-amz-tagging'};

    my @headers = (%kept, ETag => $object->{etag},
        'Accept-Ranges' => 'bytes', 'x-amz-request-id' => 'fake',
        'Last-Modified' => strftime('%a, %d %b %Y %H:%M:%S GMT',
            gmtime $object->{time}));

    push @headers, 'x-amz-tagging-count' => 1 + ($tags =~ tr/&//)
        if defined $tags;

    if (($req->{headers}{range} // '') =~ /^bytes=(\d+)-(\d*)$/) {
        my $size = length $body;
        my $end = $2 ne '' && $2 < $size ? $2 : $size - 1;

        return xml_error(416) if $1 >= $size || $end < $1;

        return { status => 206, body => substr($body, $1, $end - $1 + 1),
            headers => [@headers, 'Content-Range' => "bytes $1-$end/$size"] };
    }

    return { body => $body, headers => \@headers };
}


1;
