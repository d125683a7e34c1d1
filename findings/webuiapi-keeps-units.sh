#!/usr/bin/env bash
# webuiapi 0.9.17 (PyPI): a ControlNet unit of one call is sent with all later calls that say none.
#
# `txt2img` and `img2img` put the units of a call into `alwayson_scripts`, whose default `{}` is one object for all calls, as
# Python's defaults are. The next picture is guided by a unit that nobody asked for, and by nothing else to be seen.
# `alwayson_scripts={}` in the call with the unit keeps it there.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check webuiapi==0.9.17 pillow==13.0.0 requests==2.34.2
cat >units.py <<'PY'
import sys

import webuiapi
from PIL import Image

sent = []


class Api(webuiapi.WebUIApi):
    def check_extensions(self):
        pass

    def post_and_get_api_result(self, url, json, use_async):
        sent.append(sum(len(script["args"]) for script in json["alwayson_scripts"].values()))


unit = webuiapi.ControlNetUnit(image=Image.new("RGB", (8, 8)), module="canny")
api = Api()
api.txt2img(controlnet_units=[unit], **({"alwayson_scripts": {}} if "said" in sys.argv else {}))
api.txt2img()
print("units sent:", sent)
PY
seen=$(venv/bin/python units.py; venv/bin/python units.py said)
expected='units sent: [1, 1]
units sent: [1, 0]'
echo "$seen"
[ "$seen" = "$expected" ] || { echo "changed: expected $expected"; exit 1; }
