package Lint;

# What the checkers share.  A checker is a script that calls
#
#     lint($check, seed => [ { file => text, ... }, qr/report/ ], ...);
#
# $check->() runs in the root of a tree and calls complain() for each failure.
# With --self-test it runs in a small tree for each seed instead, and must
# report what the seed says, or nothing if that is undef.

use strict;
use warnings;

use Cwd qw(getcwd);
use Exporter qw(import);
use File::Basename qw(dirname);
use File::Find qw(find);
use File::Path qw(make_path);
use File::Temp qw(tempdir);

our @EXPORT = qw(lint complain files lines slurp);

my @complaints;


sub complain {
    my ($file, $line, $text) = @_;

    push @complaints, "$file:$line: $text";
}


# Names of the files under the folders that match, sorted.

sub files {
    my ($pattern, @folders) = @_;
    my @found;

    @folders = grep { -d } @folders or return;

    find({ no_chdir => 1,
           wanted => sub { push @found, $_ if -f && /$pattern/ } },
         @folders);

    return sort @found;
}


sub slurp {
    my ($file) = @_;

    open my $fh, '<', $file or return '';
    local $/;
    my $text = <$fh>;

    return $text // '';
}


sub lines {
    return split /\n/, slurp($_[0]), -1;
}


sub lint {
    my ($check, @seeds) = @_;

    if (@ARGV && $ARGV[0] eq '--self-test') {
        self_test($check, @seeds);
        return;
    }

    chdir dirname(__FILE__) . '/../..' or die "chdir: $!";
    $check->();

    print "$_\n" for @complaints;
    exit(@complaints ? 1 : 0);
}


sub self_test {
    my ($check, @seeds) = @_;
    my $top = getcwd();
    my $failed = 0;

    while (my ($name, $seed) = splice @seeds, 0, 2) {
        my ($tree, $report) = @$seed;
        my $dir = tempdir(CLEANUP => 1);

        chdir $dir or die "chdir: $!";

        for my $file (sort keys %$tree) {
            make_path(dirname($file));
            open my $fh, '>', $file or die "$file: $!";
            print $fh $tree->{$file};
            close $fh;
        }

        @complaints = ();
        $check->();
        chdir $top;

        my $seen = join "\n", @complaints;

        if (defined $report ? $seen !~ $report : $seen ne '') {
            print "$0:1: self-test \"$name\" saw \"$seen\"\n";
            $failed = 1;
        }
    }

    exit $failed;
}


1;
