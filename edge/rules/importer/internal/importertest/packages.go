package importertest

const Fail2banFilters = "etc/fail2ban/filter.d"

const Fail2banLogs = "usr/lib/python3/dist-packages/fail2ban/tests/files/logs"

// Folders of what was unpacked.
const LogcheckFolder = "etc/logcheck"

const CRSFolder = "usr/share/modsecurity-crs/rules"

const YARAManual = "usr/share/doc/yara/html/_sources/writingrules.rst.txt"

const SpamAssassinFolder = "usr/share/spamassassin"
