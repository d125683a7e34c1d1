#!/usr/bin/env bash
# Pillow 13.0.0: the same resize gives other pixels than Pillow 12.0.0 where the width grows and the height shrinks.
#
# A resize is two passes, one for each axis, with eight bits between them, so that their order shows. Up to 12.0.0 the width
# comes first whatever is asked; 13.0.0 takes the cheaper order first. On hard edges, a mask for example, single pixels move by
# dozens of levels. Programs that pin an old Pillow and ports that were compared with a new one do not meet each other in
# such sizes; in all others they are equal to the byte.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
cat >order.py <<'PY'
import numpy as np
import PIL
from PIL import Image

mask = Image.fromarray(np.random.default_rng(0).integers(0, 2, (96, 64), dtype=np.uint8) * 255)


def sized(picture, *sizes):
    for size in sizes:
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    return np.array(picture).astype(int)


once = sized(mask, (128, 48))
rows, columns = sized(mask, (128, 96), (128, 48)), sized(mask, (64, 48), (128, 48))
print(f"Pillow {PIL.__version__}: as width first: {(once == rows).all()}, as height first: {(once == columns).all()}, apart by up to {abs(rows - columns).max()}")
PY
seen=""
for version in 12.0.0 13.0.0; do
  python3 -m venv "venv-$version"
  "venv-$version/bin/pip" install --quiet --disable-pip-version-check "pillow==$version" numpy==2.4.6
  seen+=$("venv-$version/bin/python" -W ignore order.py)$'\n'
done
expected='Pillow 12.0.0: as width first: True, as height first: False, apart by up to 43
Pillow 13.0.0: as width first: False, as height first: True, apart by up to 43
'
printf %s "$seen"
[ "$seen" = "$expected" ] || { echo "changed: expected $expected"; exit 1; }
