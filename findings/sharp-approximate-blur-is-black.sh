#!/usr/bin/env bash
# sharp 0.35.5 (libvips 8.18.7): blur({ sigma: 0.5, precision: "approximate" }) answers with a black picture.
#
# One bright pixel in a black field comes back as nothing at all: the sum of the picture is 0. With the default precision the
# same sigma changes nothing (the mask has one tap), and sigma 0.8 has three taps where OpenCV's Gaussian has five. A mask
# that is softened by a small sigma is therefore lost or not softened, without an error.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --save-exact sharp@0.35.5
cat >blur.mjs <<'JS'
import sharp from "sharp";
const field = new Uint8Array(81);
field[40] = 255;
for (const options of [{ sigma: 0.5, precision: "approximate" }, { sigma: 0.5 }, { sigma: 0.8 }]) {
  const picture = sharp(field, { raw: { width: 9, height: 9, channels: 1 } });
  const out = await picture.blur(options).toColourspace("b-w").raw().toBuffer();
  console.log(`${JSON.stringify(options)}: ${[...out.subarray(36, 45)].join(" ")}`);
}
JS
seen=$(node blur.mjs)
expected='{"sigma":0.5,"precision":"approximate"}: 0 0 0 0 0 0 0 0 0
{"sigma":0.5}: 0 0 0 0 255 0 0 0 0
{"sigma":0.8}: 0 0 0 32 72 32 0 0 0'
echo "the middle row of 9 x 9 pixels, one of them 255:"
echo "$seen"
[ "$seen" = "$expected" ] || { echo "changed: expected $expected"; exit 1; }
