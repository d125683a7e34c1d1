"""What other programs make of EXIF comments, both ways.

bun scripts/golden/exif-blocks.ts | python scripts/golden/exif.py
writes test/golden/exif: pictures whose comments Pillow and piexif wrote, and in read.json what Pillow, piexif and ExifRead
(and exiftool, where it is installed) read from the blocks that this project writes. Needs Pillow, piexif and exifread.
"""
import base64
import io
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import exifread
import piexif
import piexif.helper
from PIL import Image
from PIL.PngImagePlugin import PngInfo

folder = Path(__file__).parents[2] / "test/golden/exif"
folder.mkdir(parents=True, exist_ok=True)
picture = Image.new("RGB", (8, 8), "teal")
USER_COMMENT, EXIF, MAKER_NOTE = 0x9286, 0x8769, 0x927C

plain = "a cat\r\nin a hat\r\nNegative prompt: dog\r\nSteps: 20, Sampler: DPM++ 2M Karras, CFG scale: 7, Seed: 42, Size: 64x64"
wide = "ein Käfer, 月 🐈\nSteps: 20, Sampler: Euler a, Schedule type: Exponential, CFG scale: 7, Seed: 42, Size: 64x64"
fooocus = json.dumps({"prompt": "a kite", "performance": "Speed", "seed": "7", "base_model": "base", "version": "Fooocus v2.5.5"})


def pillow(name, first=None, inner=None, text=None):
    exif = Image.Exif()
    for tag, value in (first or {}).items():
        exif[tag] = value
    if inner:
        exif.get_ifd(EXIF).update(inner)
    info = None
    if text:
        info = PngInfo()
        info.add_text("parameters", text)
    extra = {"exif": exif} if first or inner else {}
    picture.save(folder / name, **extra, **({"pnginfo": info} if info else {}), **({"quality": 50} if name.endswith(("jpg", "webp")) else {}))


def with_piexif(name, comment):
    picture.save(folder / name, quality=50)
    piexif.insert(piexif.dump({"Exif": {piexif.ExifIFD.UserComment: comment}}), str(folder / name))


pillow("pillow-byte.jpg", {USER_COMMENT: plain.encode()})
pillow("pillow-ascii.jpg", {USER_COMMENT: fooocus, MAKER_NOTE: "fooocus"})
pillow("pillow-byte.webp", {USER_COMMENT: fooocus.encode()})
pillow("pillow-inner.jpg", None, {USER_COMMENT: b"ASCII\0\0\0" + plain.encode()})
pillow("pillow-inner-little.jpg", None, {USER_COMMENT: b"UNICODE\0" + wide.encode("utf-16-le")})
pillow("pillow-inner-unnamed.jpg", None, {USER_COMMENT: b"\0" * 8 + wide.encode()})
pillow("pillow-exif.png", {USER_COMMENT: plain.encode()})
pillow("pillow-text.png", text=wide)
with_piexif("piexif-unicode.jpg", piexif.helper.UserComment.dump(wide, encoding="unicode"))
with_piexif("piexif-ascii.jpg", piexif.helper.UserComment.dump(plain, encoding="ascii"))

written = {path.name: (wide if any(w in path.name for w in ("unicode", "little", "unnamed", "text")) else fooocus if path.name in ("pillow-ascii.jpg", "pillow-byte.webp") else plain)
           for path in sorted(folder.iterdir()) if path.suffix != ".json"}


def readers(block):
    saved = io.BytesIO()
    picture.save(saved, "JPEG", exif=b"Exif\0\0" + block)
    data = saved.getvalue()
    exif = Image.open(io.BytesIO(data)).getexif()
    loaded = piexif.load(data)
    raw = loaded["Exif"].get(piexif.ExifIFD.UserComment)
    tags = exifread.process_file(io.BytesIO(data), details=True)
    said = {
        "pillow": exif.get(USER_COMMENT),
        "pillow_software": exif.get(0x0131),
        "pillow_maker_note": exif.get(MAKER_NOTE),
        "piexif": None if raw is None else piexif.helper.UserComment.load(raw),
        "exifread": None if "EXIF UserComment" not in tags else str(tags["EXIF UserComment"]),
    }
    if shutil.which("exiftool"):
        with tempfile.NamedTemporaryFile(suffix=".jpg") as file:
            file.write(data)
            file.flush()
            out = subprocess.run(["exiftool", "-j", "-G1", "-UserComment", file.name], capture_output=True, text=True, check=True)
            said["exiftool"] = json.loads(out.stdout)[0].get("ExifIFD:UserComment")
    return said


blocks = json.load(sys.stdin)
read = {name: {**one, "read": readers(base64.b64decode(one["block"]))} for name, one in blocks.items()}
for one in read.values():
    if len(one["block"]) > 20000:
        del one["block"]
        one["comment"] = f"{len(one['comment'])} letters"
        one["read"] = {reader: value if value is None or len(value) < 1000 else f"{len(value)} letters" for reader, value in one["read"].items()}
(folder / "read.json").write_text(json.dumps({"written": written, "read": read}, indent=1, ensure_ascii=False) + "\n")
print(json.dumps(read, indent=1, ensure_ascii=False)[:3000])
