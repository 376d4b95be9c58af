package importertest

// Rules in packages of Debian.

const Fail2banFilters = "etc/fail2ban/filter.d"

const Fail2banLogs = "usr/lib/python3/dist-packages/fail2ban/tests/files/logs"

// Folders within unpacked packages.
const LogcheckFolder = "etc/logcheck"

const CRSFolder = "usr/share/modsecurity-crs/rules"

const YARAManual = "usr/share/doc/yara/html/_sources/writingrules.rst.txt"

const SpamAssassinFolder = "usr/share/spamassassin"
