# For each line of stdin, a JSON list of a rule about ARGS and of texts (base64): whether
# ModSecurity says that the rule matches each text, given as an argument; null if it
# refuses the rule.

import base64
import ctypes
import json
import sys
import urllib.parse


class Intervention(ctypes.Structure):
    _fields_ = [
        ("status", ctypes.c_int),
        ("pause", ctypes.c_int),
        ("url", ctypes.c_char_p),
        ("log", ctypes.c_char_p),
        ("disruptive", ctypes.c_int),
    ]


lib = ctypes.CDLL("libmodsecurity.so.3")
pointer, text = ctypes.c_void_p, ctypes.c_char_p
for name, result, arguments in [
    ("msc_init", pointer, []),
    ("msc_create_rules_set", pointer, []),
    ("msc_rules_add", ctypes.c_int, [pointer, text, ctypes.POINTER(text)]),
    ("msc_new_transaction", pointer, [pointer, pointer, pointer]),
    ("msc_process_uri", ctypes.c_int, [pointer, text, text, text]),
    ("msc_process_request_headers", ctypes.c_int, [pointer]),
    ("msc_process_request_body", ctypes.c_int, [pointer]),
    ("msc_intervention", ctypes.c_int, [pointer, ctypes.POINTER(Intervention)]),
    ("msc_transaction_cleanup", None, [pointer]),
    ("msc_rules_cleanup", ctypes.c_int, [pointer]),
]:
    function = getattr(lib, name)
    function.restype, function.argtypes = result, arguments

modsecurity = lib.msc_init()


def matches(rules, value):
    transaction = lib.msc_new_transaction(modsecurity, rules, None)
    lib.msc_process_uri(transaction, b"/?a=" + urllib.parse.quote_from_bytes(value, safe="").encode(), b"GET", b"1.1")
    lib.msc_process_request_headers(transaction)
    lib.msc_process_request_body(transaction)
    hit = Intervention(200, 0, None, None, 0)
    lib.msc_intervention(transaction, ctypes.byref(hit))
    lib.msc_transaction_cleanup(transaction)
    return bool(hit.disruptive)


for line in sys.stdin:
    rule, texts = json.loads(line)
    rules, error = lib.msc_create_rules_set(), text()
    answer = None
    if lib.msc_rules_add(rules, ("SecRuleEngine On\n" + rule + "\n").encode(), ctypes.byref(error)) >= 0:
        answer = [matches(rules, base64.b64decode(t)) for t in texts]
    lib.msc_rules_cleanup(rules)
    print(json.dumps(answer), flush=True)
