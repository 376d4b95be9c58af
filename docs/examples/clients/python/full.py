import json, sys
import zmq

texts = [b"this here is history", b"nothing", b"ushers"]
header = {"rules": "default", "want": "matches", "limit": 2, "fields": ["text"], "deadline_ms": 5000}
s = zmq.Context().socket(zmq.REQ)
s.rcvtimeo = 10_000
s.connect(sys.argv[1])
s.send_multipart([json.dumps(header).encode(), *texts])
answer, *results = s.recv_multipart()
answer = json.loads(answer)
if "error" in answer:
    sys.exit(answer["error"]["code"] + ": " + answer["error"]["message"])
for text, result in zip(texts, results):
    print(text.decode(), [m["text"] for m in json.loads(result)["matches"]])
