#!/usr/bin/env bash
# sharp 0.35.5 (libvips 8.18.7): resize enlarges half a source pixel off centre.
#
# Output pixel X is read at X/s - 0.5 of the source, where Pillow, OpenCV, torch and ONNX Runtime (half_pixel) read at
# (X + 0.5)/s - 0.5. Doubling the ramp 0 20 ... 160 with the linear kernel repeats the first value and loses the last one's
# half step: 0 0 10 20 ... 160 instead of Pillow's 0 5 15 25 ... 160. With every kernel the picture moves right and down by
# (s - 1)/2 output pixels, so a latent, a mask or a control picture that is enlarged this way no longer lies over the
# original. Shrinking is centred.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --save-exact sharp@0.35.5
cat >ramp.mjs <<'JS'
import sharp from "sharp";
const ramp = Uint8Array.from({ length: 9 }, (_, i) => 20 * i);
const row = sharp(ramp, { raw: { width: 9, height: 1, channels: 1 } });
const out = await row.resize(18, 1, { kernel: "linear", fit: "fill" }).toColourspace("b-w").raw().toBuffer();
console.log([...out].join(" "));
JS
seen=$(node ramp.mjs)
expected="0 0 10 20 30 40 50 60 70 80 90 100 110 120 130 140 150 160"
echo "sharp, linear, x2:   $seen"
echo "centred would be:    0 5 15 25 35 45 55 65 75 85 95 105 115 125 135 145 155 160"
[ "$seen" = "$expected" ] || { echo "changed: expected $expected"; exit 1; }
