package QC::Tmpfs;

# Copyright (C) 2026 The ngx_http_query_cache_module authors

# Small file systems for a test: to be full, or read-only.
#
#     use QC::Tmpfs qw/tmpfs remount/;        # before other QC modules
#
#     my $dir = tmpfs($t->testdir . '/disk', 'size=1m');
#     remount($dir, 'ro');
#
# The test runs again in a mount namespace of its own, so nothing is left
# mounted when it ends, however it does.  Skipped if that is not permitted.

use strict;
use warnings;

use Exporter qw/import/;

use QC::Util qw/find_program run_command skip/;

our @EXPORT_OK = qw/tmpfs remount/;

my $owner = $$;
my @mounted;

if (!$ENV{QC_OWN_MOUNTS}) {
    my $unshare = find_program('unshare');

    skip('no mount namespaces here') unless $unshare && run_command(
        [$unshare, '-m', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'])->{exit}
        == 0;

    $ENV{QC_OWN_MOUNTS} = 1;
    exec $unshare, '-m', $^X, $0, @ARGV or die "exec: $!\n";
}


sub tmpfs {
    my ($dir, $options) = @_;

    mkdir $dir;
    mount($dir, '-t', 'tmpfs', '-o', "mode=755,$options", 'tmpfs');
    push @mounted, $dir;

    return $dir;
}


sub remount {
    my ($dir, $options) = @_;

    mount($dir, '-o', "remount,$options");
}


sub mount {
    my ($dir, @arguments) = @_;

    my $result = run_command(['mount', @arguments, $dir]);
    die "mount: $result->{err}" if $result->{exit} != 0;
}


# The folders below go next

END {
    if ($$ == $owner) {
        local $?;
        run_command(['umount', '-l', $_]) for @mounted;
    }
}


1;
