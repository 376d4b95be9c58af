"""What fail2ban itself finds: for each filter and line of its test log, which
failregex (numbered from 1, with the prefregex before it) matches the line after
the date has been cut out. One JSON object a line: {"filter", "log", "line",
"text", "hits": [n...], "groups": {n: {name: text}}}. Arguments: the folder with filter.d, the folder of logs."""
import json, os, sys
from fail2ban.client.filterreader import FilterReader
from fail2ban.server.filter import Filter

config, logs = sys.argv[1], sys.argv[2]
for name in sorted(os.listdir(logs)):
    path = os.path.join(logs, name)
    if not os.path.isfile(os.path.join(config, "filter.d", name + ".conf")) or not os.path.isfile(path):
        continue
    reader = FilterReader(name, "jail", {"logtype": "file"}, share_config={}, basedir=config)
    reader.read()
    reader.getOptions(None, all=True)
    reader.applyAutoOptions("")
    f = Filter(None)
    fail, pref = [], None
    for command in reader.convert():
        what = command[2]
        if what == "addfailregex":
            fail = command[3] if isinstance(command[3], list) else [command[3]]
        elif what == "prefregex":
            f.prefRegex = command[3]
        elif what == "datepattern":
            f.setDatePattern(command[3])
    for regex in fail:
        f.addFailRegex(regex)
    pref, regexes = f.prefRegex and f._Filter__prefRegex, f._Filter__failRegex
    with open(path, encoding="utf-8", errors="replace") as log:
        for number, line in enumerate(log, 1):
            line = line.rstrip("\r\n")
            if line.startswith("#") or not line:
                continue
            match = f.dateDetector.matchTime(line)
            m = match and match[0]
            rest = line[:m.start(1)] + line[m.end(1):] if m else line
            content, ok = [(rest, "", "")], True
            if pref:
                pref.search([(rest, "", "")])
                ok = pref.hasMatched()
                if ok and pref.getGroups().get("content") is not None:
                    content = [(pref.getGroups()["content"], "", "")]
            hits, groups = [], {}
            for n, regex in enumerate(regexes, 1):
                if ok:
                    regex.search(content)
                    if regex.hasMatched():
                        hits.append(n)
                        groups[n] = {k: v for k, v in regex.getGroups().items() if v is not None}
            print(json.dumps({"filter": name, "log": path, "line": number, "text": line, "hits": hits, "groups": groups}))
