"""Prints fail2ban's regular expressions, one a line, all its substitutions made.

    python3 failregex.py ROOT    # of the unpacked package
"""

import glob
import os
import sys

root = sys.argv[1]
sys.path.insert(0, os.path.join(root, "usr/lib/python3/dist-packages"))

from fail2ban.client.filterreader import FilterReader  # noqa: E402
from fail2ban.server.failregex import Regex  # noqa: E402

FOLDER = os.path.join(root, "etc/fail2ban")
# RE2 has no lookbehind: the end of an IPv6 address is written without it.
LOOKBEHIND, WITHOUT = "|(?<=:):)", "|:)"


def expressions(command):
    """Of a command as fail2ban's server would get it: one, or a list."""
    if "addfailregex" not in command:
        return []
    (value,) = command[command.index("addfailregex") + 1 :]
    return [value] if isinstance(value, str) else value


for path in sorted(glob.glob(os.path.join(FOLDER, "filter.d", "*.conf"))):
    name = os.path.splitext(os.path.basename(path))[0]
    reader = FilterReader(name, name, {}, share_config={}, basedir=FOLDER)
    reader.read()
    try:
        reader.getOptions(None)
        commands = reader.convert()
    except Exception:  # a part that others include
        continue
    for command in commands:
        for e in expressions(command):
            e = Regex._resolveHostTag(e).replace(LOOKBEHIND, WITHOUT)
            if e and "\n" not in e:
                print(e)
