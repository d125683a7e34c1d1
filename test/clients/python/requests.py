"""What a program on `requests` does with the main door: `requests.py ADDRESS KEY`."""

import json
import sys

import requests

address, key = sys.argv[1:]
generate = f"{address}/v1/engine/generate/"
small = {"prompt": "a circle", "style_selections": [], "overwrite_step": 4, "overwrite_width": 64, "overwrite_height": 64}


def saw(what, **facts):
    print(json.dumps({"saw": what, **facts}))


# FooocusAPI's own example says neither a content type nor, where there are none, a key.
refused = requests.post(url=generate, data=json.dumps(small), timeout=60)
saw("no key", status=refused.status_code, body=refused.json())

session = requests.Session()
session.headers["X-API-Key"] = key

record = session.post(generate, data=json.dumps(small)).json()
picture = session.get(record["result"][0]).content
saw("picture", status=record["task_status"], png=picture[:8] == b"\x89PNG\r\n\x1a\n")

wrong = session.post(generate, json={**small, "image_number": 99})
saw("error", status=wrong.status_code, where=wrong.json()["detail"][0]["loc"])

with session.post(generate, json={**small, "stream_output": True, "image_seed": 7}, stream=True) as answer:
    for line in answer.iter_lines(decode_unicode=True):
        if line.startswith("data: {"):
            event = json.loads(line[6:])
            if event["preview"]:
                saw("preview", start=event["preview"][:22])
saw("stream", last=event["message"], pictures=len(event["images"]))

begun = session.post(generate, json={**small, "async_process": True, "image_number": 32}).json()
saw("begun", status=begun["task_status"])
asked = session.post(f"{address}/tasks/{begun['task_id']}/cancel")
saw("asked to end", status=asked.status_code)
ended = session.get(f"{address}/tasks/{begun['task_id']}", params={"wait": 60}).json()
saw("cancelled", status=ended["task_status"], pictures=len(ended["result"] or []))
