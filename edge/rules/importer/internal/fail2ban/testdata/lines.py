"""Which lines a filter's regexes hit in fail2ban itself, each line alone, dates cut
out. Standard input: lines of JSON, {"fail": [regex...], "pref": regex or null, "dates":
[pattern...], "lines": [text...]}. Each answer is a list of lists of 0 and 1, one for
each regex."""
import json, sys
from fail2ban.server.filter import Filter
from fail2ban.server.failregex import Regex

for question in sys.stdin:
    q = json.loads(question)
    regexes = [Regex(r) for r in q["fail"]]
    pref = q.get("pref") and Regex(q["pref"])
    answers = [[] for _ in regexes]
    for line in q["lines"]:
        f = Filter(None)
        for pattern in q["dates"]:
            f.setDatePattern(pattern)
        line = line.rstrip("\r\n")  # as FileContainer.readline
        match = f.dateDetector.matchTime(line)
        m = match and match[0]
        rest = line[:m.start(1)] + line[m.end(1):] if m else line
        content, ok = [(rest, "", "")], True
        if pref:
            pref.search(content)
            ok = pref.hasMatched()
            if ok and pref.getGroups().get("content") is not None:
                content = [(pref.getGroups()["content"], "", "")]
        for n, regex in enumerate(regexes):
            hit = False
            if ok:
                regex.search(content)
                hit = regex.hasMatched()
            answers[n].append(int(hit))
    print(json.dumps(answers))
