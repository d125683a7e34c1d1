#!/usr/bin/env bash
# sharp 0.35.5 (libvips 8.18.7): dilate and erode are no morphology on grey values, and are named the other way round.
#
# On greys they combine the bits of the window: dilate(1) is their AND, erode(1) their OR, where morphology takes the largest
# and the smallest value. From the row 0 1 64 127 128 200 255 0 0, dilate(1) makes 0 0 0 0 0 128 0 0 0 (64 AND 127 AND 128 is
# 0) and erode(1) makes values that were in no pixel (65 = 1 OR 64). On a mask of 0 and 255 dilate grows the black part. So a
# soft mask, or a white one that should grow, comes out wrong without an error.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --save-exact sharp@0.35.5
cat >morphology.mjs <<'JS'
import sharp from "sharp";
const row = [0, 1, 64, 127, 128, 200, 255, 0, 0];
const picture = () =>
  sharp(Uint8Array.from([...row, ...row, ...row]), { raw: { width: 9, height: 3, channels: 1 } });
const middle = async (image) =>
  [...(await image.toColourspace("b-w").raw().toBuffer()).subarray(9, 18)].join(" ");
console.log(`dilate(1): ${await middle(picture().dilate(1))}`);
console.log(`erode(1):  ${await middle(picture().erode(1))}`);
JS
seen=$(node morphology.mjs)
expected='dilate(1): 0 0 0 0 0 128 0 0 0
erode(1):  1 65 127 255 255 255 255 255 0'
echo "row:       0 1 64 127 128 200 255 0 0"
echo "$seen"
echo "largest:   1 64 127 128 200 255 255 255 0"
[ "$seen" = "$expected" ] || { echo "changed: expected $expected"; exit 1; }
