#!/usr/bin/env bash
# webuiapi 0.9.17 (Python): what one txt2img was given for an extension is sent with every later one that is given nothing.
#
# The default of its argument alwayson_scripts is one dictionary for all calls, and each call writes into it: ControlNet units,
# face swaps (roop, reactor) and Self Attention Guidance stay there. Only ControlNet, ADetailer and AnimateDiff are emptied again, where
# the server names them among its scripts. So a later picture is another one than its program asked for. An own dictionary for each call
# (alwayson_scripts={}) helps. The server here writes down what it is sent, and answers with a picture of one pixel.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check webuiapi==0.9.17 2>/dev/null
cat >kept.py <<'PY'
import base64, io, json, threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from PIL import Image
import webuiapi

sent = []
pixel = io.BytesIO()
Image.new("RGB", (1, 1)).save(pixel, "PNG")
picture = base64.b64encode(pixel.getvalue()).decode()


class Server(BaseHTTPRequestHandler):
    def answer(self, value):
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer({"txt2img": [], "img2img": []} if self.path.endswith("/scripts") else [])

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        sent.append(sorted(asked["alwayson_scripts"]))
        self.answer({"images": [picture], "parameters": {}, "info": "{}"})

    def log_message(self, *args):
        pass


server = HTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
api = webuiapi.WebUIApi(host="127.0.0.1", port=server.server_port)
unit = webuiapi.ControlNetUnit(image=Image.new("RGB", (8, 8)), model="canny")
api.txt2img(prompt="with a unit", controlnet_units=[unit], sag=webuiapi.Sag())
api.txt2img(prompt="with nothing")
api.txt2img(prompt="with a dictionary of its own", alwayson_scripts={})
for scripts in sent:
    print(", ".join(scripts) or "none")
PY
found=$(venv/bin/python kept.py)
expected='ControlNet, Self Attention Guidance
ControlNet, Self Attention Guidance
none'
echo "$found"
[ "$found" = "$expected" ] || { echo "changed" >&2; exit 1; }
