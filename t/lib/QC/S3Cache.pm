package QC::S3Cache;

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# The Python library redis-s3-cache, or what stands for it where it is not
# installed (see t/lib/redis-s3-cache.py), on a Redis and a bucket of the
# test, in one Python process.
#
#     my $py = QC::S3Cache->new(redis => $redis, s3 => $s3,
#                               prefix => 'qc:', s3_prefix => 'query-cache');
#     $py->which;                             # 'Library' or 'Entries'
#     $py->key($query, [args], {kwargs}, $namespace);     # 64 hex
#     $py->put($key, $value, $ttl, $namespace, 'zstd');
#     $py->get($key);                         # the value, or undef
#     $py->created; $py->orphans;
#         each dies with the error of Python

use strict;
use warnings;

use Cwd qw/abs_path/;
use File::Basename qw/dirname/;
use IO::Handle;
use IPC::Open2 qw/open2/;
use JSON::PP ();
use Scalar::Util qw/weaken/;

use QC::Util qw/find_program run_command skip/;

my $helper = abs_path(dirname(__FILE__) . '/../redis-s3-cache.py');
my $json = JSON::PP->new->ascii->canonical->allow_nonref;
my $owner = $$;
my ($python, %clients);


sub find_python {
    return $python if $python;

    for my $name ('python3', '/usr/bin/python3') {
        my $path = find_program($name) or next;
        my $result = run_command([$path, '-c',
            'import boto3, redis, zstandard']);

        return $python = $path if $result->{exit} == 0;
    }

    skip('python3 without boto3, redis and zstandard');
}


sub new {
    my ($class, %o) = @_;

    my $self = bless { prefix => 'qc:', s3_prefix => 'query-cache', %o },
        $class;
    my $s3 = $self->{s3};

    $self->{process} = open2($self->{from}, $self->{to}, find_python(),
        $helper, $self->{redis}->url, $self->{prefix}, $s3->endpoint,
        $s3->access, $s3->secret, $s3->bucket, $self->{s3_prefix});
    $self->{to}->autoflush(1);
    weaken($clients{$self->{process}} = $self);

    return $self;
}


sub call {
    my ($self, $do, @with) = @_;

    print {$self->{to}} $json->encode({ do => $do, with => \@with }), "\n";
    my $line = readline $self->{from};
    die "$helper has ended\n" unless defined $line;

    my $reply = $json->decode($line);
    die "$reply->{error}\n" if defined $reply->{error};

    return $reply->{result};
}


for my $name (qw/which key put get created orphans/) {
    no strict 'refs';
    *$name = sub { my $self = shift; return $self->call($name, @_) };
}


sub finish {
    my ($self) = @_;

    my $process = delete $self->{process};
    return if $$ != $owner || !$process;

    delete $clients{$process};
    local ($?, $@, $!);

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
