package QC::S3;

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# An independent S3 client (boto3, in one Python process for the test) on a
# bucket of its own, which is made at once and emptied at the end.
#
#     my $s3 = QC::S3->new(endpoint => $url, access => 'A', secret => 'S',
#                          bucket => 'name');     # a new one if left out
#     $s3->put('key', 'bytes', ContentType => 'text/plain',
#              Metadata => { a => 'b' });
#     $s3->get('key');                    # bytes, or undef if not there
#     $s3->head('key');                   # hash of boto3, or undef
#     $s3->tags('key');                   # { name => value }
#     $s3->list('prefix/');               # keys, sorted
#     $s3->delete('key');
#     $s3->call('put_bucket_lifecycle_configuration', ...);
#         any method of boto3 (Bucket is added unless undef), its result;
#         dies with the error's code.
#         Bytes go in as a reference to them and come out as they are.
#
#     $s3->s3cmd('ls', 's3://bucket/');   # { exit, out, err }

use strict;
use warnings;

use Cwd qw/abs_path/;
use File::Basename qw/dirname/;
use File::Temp ();
use IO::Handle;
use IPC::Open2 qw/open2/;
use JSON::PP ();
use Scalar::Util qw/weaken/;

use QC::Util qw/find_program need_program run_command skip/;

my $helper = abs_path(dirname(__FILE__) . '/../s3-client.py');
my $owner = $$;
my ($json, $python, $n) = (JSON::PP->new->ascii->canonical, undef, 0);
my %clients;


sub need_client {
    skip('python3 without boto3') unless find_client();
}


sub find_client {
    return $python if $python;

    for my $name ('python3', '/usr/bin/python3') {
        my $path = find_program($name) or next;
        my $result = run_command([$path, '-c', 'import boto3']);

        return $python = $path if $result->{exit} == 0;
    }

    return undef;
}


sub new {
    my ($class, %o) = @_;

    need_client();

    my $self = bless { region => 'us-east-1', %o }, $class;

    $self->{process} = open2($self->{from}, $self->{to}, $python, $helper,
        @$self{qw/endpoint access secret region/});
    $self->{to}->autoflush(1);
    weaken($clients{$self->{process}} = $self);

    if (!defined $self->{bucket}) {
        $self->{bucket} = sprintf 'test-%d-%d-%d', time(), $$, ++$n;
        $self->{own} = 1;
    }

    $self->call('create_bucket') unless $self->{no_create};

    return $self;
}


sub endpoint { return $_[0]{endpoint} }


sub bucket { return $_[0]{bucket} }


sub access { return $_[0]{access} }


sub secret { return $_[0]{secret} }


# A line of JSON and the bytes it mentions, both ways: see s3-client.py

sub call {
    my ($self, $method, %arguments) = @_;
    my @blobs;

    %arguments = (Bucket => $self->{bucket}, %arguments);
    delete $arguments{Bucket} unless defined $arguments{Bucket};

    my $request = $json->encode({ method => $method,
        arguments => bytes_out(\%arguments, \@blobs) });

    print { $self->{to} } "$request\n", @blobs;

    my $line = readline $self->{from};
    die "the S3 client is gone\n" unless defined $line;

    my $reply = $json->decode($line);
    die "$reply->{error}\n" if defined $reply->{error};

    return $self->bytes_in($reply->{result});
}


# A reference to bytes becomes { bytes => length }, at any depth

sub bytes_out {
    my ($data, $blobs) = @_;

    return [map { bytes_out($_, $blobs) } @$data] if ref $data eq 'ARRAY';
    return { map { $_ => bytes_out($data->{$_}, $blobs) } sort keys %$data }
        if ref $data eq 'HASH';
    return $data if ref $data ne 'SCALAR';

    push @$blobs, $$data;
    return { bytes => length $$data };
}


# ... and back, in the order of the names

sub bytes_in {
    my ($self, $data) = @_;

    return [map { $self->bytes_in($_) } @$data] if ref $data eq 'ARRAY';
    return $data if ref $data ne 'HASH';
    return { map { $_ => $self->bytes_in($data->{$_}) } sort keys %$data }
        unless exists $data->{bytes} && keys %$data == 1;

    my $n = read $self->{from}, my $bytes, $data->{bytes};
    die "the S3 client is gone\n" if ($n // 0) != $data->{bytes};

    return $bytes;
}


# undef instead of an error for what is not there

sub unless_missing {
    my ($self, @call) = @_;

    my $result = eval { $self->call(@call) };
    die $@ if !$result && $@ !~ /^(?:NoSuchKey|404)/;

    return $result;
}


sub put {
    my ($self, $key, $bytes, %more) = @_;

    return $self->call('put_object', Key => $key, %more,
        Body => \$bytes);
}


sub get {
    my ($self, $key) = @_;

    my $result = $self->unless_missing('get_object', Key => $key);

    return $result ? $result->{Body} : undef;
}


sub head {
    my ($self, $key) = @_;

    return $self->unless_missing('head_object', Key => $key);
}


sub tags {
    my ($self, $key) = @_;

    my $result = $self->call('get_object_tagging', Key => $key);

    return { map { $_->{Key} => $_->{Value} } @{$result->{TagSet}} };
}


sub list {
    my ($self, $prefix) = @_;
    my (@keys, @next);

    do {
        my $page = $self->call('list_objects_v2', Prefix => $prefix // '',
            @next);

        push @keys, map { $_->{Key} } @{$page->{Contents} // []};
        @next = (ContinuationToken => $page->{NextContinuationToken});
    } while (defined $next[1]);

    return sort @keys;
}


sub delete {
    my ($self, $key) = @_;

    return $self->call('delete_object', Key => $key);
}


# Deletes the objects and the bucket

sub clean {
    my ($self) = @_;

    $self->delete($_) for $self->list;
    $self->call('delete_bucket');
    $self->{own} = 0;
}


sub s3cmd {
    my ($self, @arguments) = @_;

    need_program('s3cmd');

    my ($host) = $self->{endpoint} =~ m{//(.*)};
    my @tls = $self->{endpoint} =~ /^https/ ? '--ssl' : '--no-ssl';
    my $config = File::Temp->new;

    return run_command(['s3cmd', '-c', $config->filename,
        "--access_key=$self->{access}", "--secret_key=$self->{secret}",
        "--region=$self->{region}", "--host=$host",
        "--host-bucket=$host", @tls, @arguments]);
}


# Ends the client; a bucket made for it goes

sub finish {
    my ($self) = @_;

    my $process = delete $self->{process};
    return if $$ != $owner || !$process;

    delete $clients{$process};
    local ($?, $@, $!);

    eval { $self->clean } if $self->{own};

    # a stand-in started later may hold the other end open
    close $self->{to};
    kill 'TERM', $process;
    waitpid $process, 0;
}


sub DESTROY { $_[0]->finish }


END {
    if ($$ == $owner) {
        $_->finish for grep { defined } values %clients;
    }
}


1;
