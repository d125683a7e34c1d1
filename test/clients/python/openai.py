"""What a program on OpenAI's package does with the door for it: `openai.py ADDRESS KEY`."""

import base64
import json
import struct
import sys
import zlib

import openai

address, key = sys.argv[1:]
client = openai.OpenAI(base_url=f"{address}/v1", api_key=key, max_retries=0)
small = {"prompt": "a circle", "size": "64x64"}
own = {"steps": 4, "styles": [], "seed": 7}


def saw(what, **facts):
    print(json.dumps({"saw": what, **facts}))


def png(pixel, width=64, height=64):
    """A PNG of 8 bits: RGB or RGBA, `pixel(x)` gives the channels."""
    channels = len(pixel(0))
    row = b"\0" + bytes(value for x in range(width) for value in pixel(x))
    head = struct.pack(">IIBBBBB", width, height, 8, {3: 2, 4: 6}[channels], 0, 0, 0)
    chunk = lambda name, data: struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(row * height)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def refused(what, ask):
    try:
        ask()
    except openai.APIStatusError as error:
        saw(what, name=type(error).__name__, status=error.status_code, param=error.param, code=error.code)


refused("wrong key", lambda: client.with_options(api_key="guess").models.list())
refused("no key", lambda: client.models.list(extra_headers={"Authorization": openai.Omit()}))

saw("models", ids=[model.id for model in client.models.list()], one=client.models.retrieve("base").id)

answer = client.images.generate(**small, n=2, model="gpt-image-1", extra_body=own)
data = base64.b64decode(answer.data[0].b64_json)
saw(
    "picture",
    png=data[:8] == b"\x89PNG\r\n\x1a\n",
    pictures=len(answer.data),
    url=answer.data[0].url,
    size=answer.size,
    tokens=answer.usage.total_tokens,
    warnings=["gpt-image-1" in warning for warning in answer.warnings],
)
by_url = client.images.generate(**small, response_format="url", extra_body=own)
saw("url", b64=by_url.data[0].b64_json, url=by_url.data[0].url.startswith(address))

refused("bad size", lambda: client.images.generate(prompt="a circle", size="1024"))
refused("bad field", lambda: client.images.generate(**small, extra_body={"styles": ["Nobody's"]}))
refused("bad stream", lambda: client.images.generate(prompt="", stream=True))

for event in client.images.generate(**small, stream=True, partial_images=3, extra_body={**own, "seed": 11}):
    index = getattr(event, "partial_image_index", None)
    saw("event", type=event.type, index=index, png=base64.b64decode(event.b64_json)[1:4] == b"PNG")

try:
    for event in client.images.generate(**small, n=2, stream=True, extra_body={**own, "seed": 13}):
        saw("before the fault", type=event.type)
except openai.APIError as error:
    saw("fault", code=error.code, type=error.type, message=error.message)

red, blue = png(lambda x: (255, 0, 0)), png(lambda x: (0, 0, 255))
mask = png(lambda x: (0, 0, 0, 0 if x < 32 else 255))
edited = client.images.edit(
    image=[("red.png", red), ("blue.png", blue)], mask=("mask.png", mask), prompt="a circle", extra_body={"steps": 4}
)
saw("edit", pictures=len(edited.data), told=any("took no part" in warning for warning in edited.warnings))
refused("bad mask", lambda: client.images.edit(image=("red.png", red), mask=("red.png", red), prompt="a circle"))
refused("bad picture", lambda: client.images.edit(image=("red.png", red[:30]), prompt="a circle"))

# A stream that is closed in the middle: the client is gone, and its task goes on.
stream = client.images.generate(**small, stream=True, partial_images=3, extra_body={**own, "seed": 17})
gone = next(iter(stream)).task_id
stream.close()
saw("gone", task=gone)
