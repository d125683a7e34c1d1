"""What Pillow makes of pictures in every mode: the pixels of a picture, over white, and of a mask, over black.

python scripts/golden/decoding.py
writes test/golden/decoding.json: each file in base64 with its size and its pixels. Needs Pillow and numpy.
"""
import base64
import io
import json
import struct
import zlib
from pathlib import Path

import numpy as np
import PIL
from PIL import Image, ImageCms, ImageOps, features

W, H = 7, 5
rng = np.random.default_rng(7)
rgb = rng.integers(0, 256, (H, W, 3), dtype=np.uint8)
alpha = rng.integers(0, 256, (H, W), dtype=np.uint8)
alpha[0, :3] = (0, 128, 255)
rgb[0, :3] = (255, 0, 0)
grey = rng.integers(0, 256, (H, W), dtype=np.uint8)
deep = rng.integers(0, 65536, (H, W), dtype=np.uint16)
deep[0, :4] = (0, 255, 256, 65535)
deep_rgb = rng.integers(0, 65536, (H, W, 3), dtype=np.uint16)
across, down = np.meshgrid(np.linspace(10, 240, 11), np.linspace(200, 20, 9))
smooth = np.stack([across, down, np.full((9, 11), 90)], 2).astype(np.uint8)
rgba = np.dstack([rgb, alpha])
cases = {}


def over(image, ground):
    """The rule for pictures with transparency: float32, cut off, not rounded."""
    values = np.asarray(image.convert("RGBA"))
    color, a = values[:, :, :3].astype(np.float32), values[:, :, 3:].astype(np.float32) / np.float32(255)
    return (color * a + np.float32(ground) * (1 - a)).clip(0, 255).astype(np.uint8)


def flat(image, ground):
    if image.mode.startswith("I"):
        return np.repeat((np.asarray(image).astype(np.uint32) >> 8).astype(np.uint8)[:, :, None], 3, 2)
    if "A" in image.mode or "a" in image.mode or "transparency" in image.info:
        return over(image, ground)
    return np.asarray(image.convert("RGB"))


def b64(data):
    return base64.b64encode(bytes(data)).decode()


def add(name, data):
    image = Image.open(io.BytesIO(data))
    image.seek(0)
    image = ImageOps.exif_transpose(image)
    picture, mask = flat(image, 255), flat(image, 0)
    case = {"width": image.width, "height": image.height, "file": b64(data), "picture": b64(picture.tobytes())}
    if not np.array_equal(picture, mask):
        case["mask"] = b64(mask.tobytes())
    cases[name] = case


def saved(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def png(width, height, depth, colour, rows, *chunks, interlaced=0):
    """A PNG whose every byte is said here: Pillow does not write all that the format allows."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    packed = zlib.compress(b"".join(b"\0" + bytes(row) for row in rows))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced))
            + b"".join(chunk(*c) for c in chunks) + chunk(b"IDAT", packed) + chunk(b"IEND", b""))


def tiff(tags, data):
    """A little-endian TIFF of one strip whose tags are said here; values of two bytes only, lists behind the directory."""
    entries = dict(tags)
    entries.update({256: [W], 257: [H], 278: [H], 279: [len(data)], 273: None})
    at = 8 + 2 + 12 * len(entries) + 4
    directory, tail = b"", b""
    for tag in sorted(entries):
        values = entries[tag] or [at]
        packed = struct.pack(f"<{len(values)}H", *values)
        if len(packed) > 4:
            packed, tail = struct.pack("<I", at), tail + packed
            at += len(values) * 2
        directory += struct.pack("<HHI", tag, 3, len(values)) + packed.ljust(4, b"\0")
    # The strip's place is known once the lists are.
    strip = struct.pack("<HHI", 273, 3, 1)
    place = directory.index(strip) + 8
    directory = directory[:place] + struct.pack("<HH", at, 0) + directory[place + 4:]
    return b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", len(entries)) + directory + struct.pack("<I", 0) + tail + bytes(data)


def exif(orientation):
    block = Image.Exif()
    block[0x0112] = orientation
    return block


def big(values):
    return values.astype(">u2").tobytes()


colour, clear, light = Image.fromarray(rgb), Image.fromarray(rgba), Image.fromarray(grey)
grey_alpha = Image.fromarray(np.dstack([grey, alpha]), "LA")
palette = colour.quantize(9)

# PNG: every colour type at every depth.
add("png-rgb", saved(colour, "PNG"))
add("png-rgba", saved(clear, "PNG"))
add("png-grey", saved(light, "PNG"))
add("png-grey-alpha", saved(grey_alpha, "PNG"))
add("png-1-bit", saved(light.convert("1"), "PNG"))
add("png-2-bit", png(5, 2, 2, 0, [[0b00011011, 0b11000000], [0b11100100, 0b01000000]]))
add("png-4-bit", png(4, 1, 4, 0, [[0x0F, 0x37]]))
add("png-16-bit", png(W, H, 16, 0, [big(row) for row in deep]))
add("png-16-bit-rgb", png(W, H, 16, 2, [big(row) for row in deep_rgb]))
add("png-16-bit-rgba", png(W, H, 16, 6, [big(np.dstack([deep_rgb, deep])[y]) for y in range(H)]))
add("png-16-bit-grey-alpha", png(W, H, 16, 4, [big(np.dstack([deep_rgb[:, :, 0], deep])[y]) for y in range(H)]))
add("png-palette", saved(palette, "PNG"))
add("png-palette-2-bit", png(4, 1, 2, 3, [[0b00011011]], (b"PLTE", bytes([1, 2, 3, 200, 100, 50, 9, 99, 199, 255, 255, 255]))))
add("png-palette-transparent", png(4, 1, 2, 3, [[0b00011011]], (b"PLTE", bytes([1, 2, 3, 200, 100, 50, 9, 99, 199, 255, 255, 255])), (b"tRNS", bytes([0, 128, 255]))))
add("png-grey-key", png(3, 1, 8, 0, [[10, 20, 30]], (b"tRNS", struct.pack(">H", 20))))
add("png-rgb-key", png(2, 1, 8, 2, [[1, 2, 3, 4, 5, 6]], (b"tRNS", struct.pack(">HHH", 4, 5, 6))))
add("png-gamma", png(3, 1, 8, 0, [[10, 120, 230]], (b"gAMA", struct.pack(">I", 100000))))
add("png-profile", saved(colour, "PNG", icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()))
add("png-turned", saved(colour, "PNG", exif=exif(6)))
add("png-animated", saved(colour, "PNG", save_all=True, append_images=[Image.new("RGB", (W, H), "red")]))
add("png-one-pixel", png(1, 1, 8, 6, [[255, 0, 0, 128]]))
add("png-wide", png(300, 1, 8, 0, [[i % 256 for i in range(300)]]))

# JPEG: the same lossy stream, read by two decoders; all eight ways to turn, four of them mirrors.
for tag in range(1, 9):
    add(f"jpeg-orientation-{tag}", saved(Image.fromarray(smooth), "JPEG", quality=95, subsampling=0, exif=exif(tag)))
add("jpeg-grey", saved(Image.fromarray(smooth[:, :, 0]), "JPEG", quality=90))
add("jpeg-420", saved(Image.fromarray(smooth), "JPEG", quality=90))
add("jpeg-progressive", saved(Image.fromarray(smooth), "JPEG", quality=90, progressive=True))
add("jpeg-cmyk", saved(Image.fromarray(np.dstack([smooth, smooth[:, :, 1] // 3]), "CMYK"), "JPEG", quality=95))

# WebP, GIF, BMP, TIFF, AVIF.
add("webp-lossless", saved(colour, "WEBP", lossless=True))
add("webp-lossless-alpha", saved(clear, "WEBP", lossless=True, exact=True))
add("webp-lossy", saved(Image.fromarray(smooth), "WEBP", quality=90))
add("webp-turned", saved(colour, "WEBP", lossless=True, exif=exif(8)))
add("webp-animated", saved(colour, "WEBP", lossless=True, save_all=True, append_images=[Image.new("RGB", (W, H), "red")], duration=100))
add("gif", saved(palette, "GIF"))
add("gif-grey", saved(light, "GIF"))
add("gif-transparent", saved(palette, "GIF", transparency=int(np.asarray(palette)[0, 0])))
add("gif-animated", saved(palette, "GIF", save_all=True, append_images=[Image.new("P", (W, H), 3)], duration=100))
add("bmp-rgb", saved(colour, "BMP"))
add("bmp-grey", saved(light, "BMP"))
add("bmp-1-bit", saved(light.convert("1"), "BMP"))
add("bmp-palette", saved(palette, "BMP"))
add("bmp-rgba", saved(clear, "BMP"))
def bmp(header, bits, compression, rows, tables=b"", height=2):
    """A BMP two pixels wide; `header` is the length of the header."""
    pixels = b"".join(bytes(row).ljust(-(-len(row) // 4) * 4, b"\0") for row in rows)
    if header == 12:
        head = struct.pack("<IHHHH", 12, 2, height, 1, bits)
    else:
        head = struct.pack("<IiiHHIIiiII", header, 2, height, 1, bits, compression, len(pixels), 0, 0, 0, 0)
    start = 14 + len(head) + len(tables)
    return b"BM" + struct.pack("<IHHI", start + len(pixels), 0, 0, start) + head + tables + pixels


add("bmp-top-down", bmp(40, 24, 0, [[1, 2, 3, 4, 5, 6], [7, 8, 9, 250, 251, 252]], height=-2))
add("bmp-os2", bmp(12, 8, 0, [[0, 1], [2, 255]], bytes(range(256)) * 3))
add("bmp-4-bit", bmp(40, 4, 0, [[0x1E], [0xF0]], bytes(range(64))))
add("bmp-15-bit", bmp(40, 16, 0, [struct.pack("<HH", 0x7C1F, 0x03E1), struct.pack("<HH", 0x1234, 0x7FFF)]))
add("bmp-16-bit", bmp(40, 16, 3, [struct.pack("<HH", 0xF81F, 0x07E1), struct.pack("<HH", 0x1234, 0xFFFF)], struct.pack("<III", 0xF800, 0x7E0, 0x1F)))
add("bmp-32-bit", bmp(40, 32, 0, [[1, 2, 3, 0, 4, 5, 6, 9], [7, 8, 9, 255, 250, 251, 252, 0]]))
add("bmp-masks", bmp(124, 32, 3, [[1, 2, 3, 128, 4, 5, 6, 9], [7, 8, 9, 255, 250, 251, 252, 0]], struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000) + bytes(68)))
for name, image in {"rgb": colour, "rgba": clear, "grey": light, "grey-alpha": grey_alpha, "1-bit": light.convert("1"), "palette": palette,
                    "cmyk": Image.fromarray(np.dstack([rgb, grey]), "CMYK"), "16-bit": Image.fromarray(deep)}.items():
    add(f"tiff-{name}", saved(image, "TIFF"))
colours = {258: [8, 8, 8, 8], 259: [1], 262: [2], 277: [4]}
premultiplied = (rgb.astype(np.uint16) * alpha[:, :, None] // 255).astype(np.uint8)
add("tiff-alpha", tiff({**colours, 338: [2]}, rgba.tobytes()))
add("tiff-premultiplied", tiff({**colours, 338: [1]}, np.dstack([premultiplied, alpha]).tobytes()))
add("tiff-16-bit-rgb", tiff({258: [16] * 3, 259: [1], 262: [2], 277: [3]}, deep_rgb.astype("<u2").tobytes()))
add("tiff-white-is-zero", tiff({258: [8], 259: [1], 262: [0], 277: [1]}, grey.tobytes()))
add("tiff-lzw", saved(colour, "TIFF", compression="tiff_lzw"))
add("tiff-deflate", saved(clear, "TIFF", compression="tiff_adobe_deflate"))
add("tiff-turned", saved(colour, "TIFF", exif=exif(5)))
add("tiff-pages", saved(colour, "TIFF", save_all=True, append_images=[Image.new("RGB", (W, H), "red")]))
add("avif", saved(Image.fromarray(smooth), "AVIF", quality=95, subsampling="4:4:4"))
add("avif-alpha", saved(Image.fromarray(np.dstack([smooth, smooth[:, :, 1]])), "AVIF", quality=95, subsampling="4:4:4"))
add("avif-turned", saved(Image.fromarray(smooth), "AVIF", quality=95, subsampling="4:4:4", exif=exif(6)))

versions = {"pillow": PIL.__version__, **{name: features.version(name) for name in ("libjpeg_turbo", "webp", "libtiff", "avif")}}
target = Path(__file__).parents[2] / "test/golden/decoding.json"
lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(case)}" for name, case in cases.items())
target.write_text(f'{{"versions": {json.dumps(versions)},\n"cases": {{\n{lines}\n}}}}\n')
print(len(cases), target.stat().st_size)
