#!/bin/sh
# Starts the kit with the Bun that is there: the one that was carried, npm's, or the one on the path. docs/gpu.md has the rest.
root=$(cd "$(dirname "$0")/../.." && pwd) || exit 1
for bun in "$root/../bun" "$root/node_modules/@oven/bun-linux-x64/bin/bun" "$root/node_modules/@oven/bun-linux-aarch64/bin/bun" "$(command -v bun)"; do
  if [ -x "$bun" ]; then break; fi
done
if [ ! -x "$bun" ]; then
  echo "No Bun is here. Run the unpack.sh of what was carried, or npm ci --ignore-scripts." >&2
  exit 1
fi
if [ -d "$root/.gpu/site" ]; then
  PYTHONPATH="$root/.gpu/site${PYTHONPATH:+:$PYTHONPATH}"
  export PYTHONPATH
fi
if [ -d "$root/.gpu/cuda" ]; then set -- --cuda "$root/.gpu/cuda" "$@"; fi
: "${ORT_DISABLE_TELEMETRY:=1}" # ONNX Runtime reports home otherwise; it reads this when it is loaded
export ORT_DISABLE_TELEMETRY
exec "$bun" "$root/scripts/gpu/prove.ts" "$@"
