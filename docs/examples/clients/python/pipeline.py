import json, sys
import zmq

s = zmq.Context().socket(zmq.DEALER)
s.rcvtimeo = 10_000
s.connect(sys.argv[1])
texts = {"a": "this here is history", "b": "nothing", "c": "ushers"}
for id, text in texts.items():
    s.send_multipart([json.dumps({"id": id, "want": "count"}).encode(), text.encode()])
counts = {}
while len(counts) < len(texts):
    header, *results = s.recv_multipart()  # in any order
    header = json.loads(header)
    counts[header["id"]] = header.get("error") or json.loads(results[0])["count"]
print(sorted(counts.items()))
