# What SpamAssassin's own regexes find. Arguments: a file or folder of rules. Standard
# input: lines of JSON, ["NAME", "body", "header", "raw", "uri" or "message", [text, ...]];
# the answer to each is a list of 0 and 1. A header's text is what
# is behind its name.
use strict;
use warnings;
use JSON::PP;
use Mail::SpamAssassin;

my $text = "loadplugin Mail::SpamAssassin::Plugin::Check\nutil_rb_tld com\n";
my @files = -d $ARGV[0] ? sort glob("$ARGV[0]/*.cf") : ($ARGV[0]);
for my $file (@files) {
    open my $in, '<', $file or die "$file: $!";
    # No plugins but the one above: what is only there with one would be left out.
    $text .= join '', map { s/^\s*(?:ifplugin|if|else|endif|loadplugin|tryplugin|include|require_version|version_tag)\b.*//r } <$in>;
}
my $sa = Mail::SpamAssassin->new({
    config_text => $text, local_tests_only => 1, dont_copy_prefs => 1,
    userstate_dir => $ARGV[1], home_dir_for_helpers => $ARGV[1],
});
{
    local *STDERR;
    open STDERR, '>', '/dev/null';
    $sa->init(1);
}
my $json = JSON::PP->new->utf8;
while (my $line = <STDIN>) {
    my ($name, $kind, $texts) = @{ $json->decode($line) };
    utf8::encode($_) for @$texts;
    my @hits;
    if ($kind eq 'message') {
        for (@$texts) {
            my $status = $sa->check($sa->parse($_, 1));
            my %hit = map { $_ => 1 } split(/,/, $status->get_names_of_tests_hit()), split(/,/, $status->get_names_of_subtests_hit());
            push @hits, $hit{$name} ? 1 : 0;
            $status->finish();
        }
    }
    else {
        my $qr = $sa->{conf}->{test_qrs}->{$name};
        if (!defined $qr) {
            print "null\n";
            next;
        }
        for (@$texts) {
            s/^\s+|\s+\z//g if $kind eq 'header';
            $_ .= "\n" if $kind ne 'uri';
            push @hits, $_ =~ $qr ? 1 : 0;
        }
    }
    print $json->encode(\@hits), "\n";
}
