#!/bin/sh
# Takes in the piece that lies beside this file; with the last one everything is unpacked. Needs a shell, sha256sum, gzip and tar.
#   sh PIECE/unpack.sh [TARGET]       TARGET is .gpu where none is named; pieces are kept in TARGET/pieces until all are there
# Ends with 0 where all is unpacked, 3 where pieces are missing still, 1 where this one is damaged.
here=$(cd "$(dirname "$0")" && pwd) || exit 1
target=${1:-.gpu}
kept=$target/pieces
mkdir -p "$kept" || exit 1
list=$here/pieces.sha256
if [ -f "$kept/pieces.sha256" ] && ! cmp -s "$list" "$kept/pieces.sha256"; then
  echo "$kept has pieces of another pack; they are removed." >&2
  rm -f "$kept"/*
fi
cp "$list" "$here/pack.json" "$here/unpack.ts" "$here/packed.ts" "$kept/" || exit 1
for piece in "$here"/*.piece; do
  [ -f "$piece" ] || continue
  name=$(basename "$piece")
  wanted=$(sed -n "s/  $name\$//p" "$list")
  found=$(sha256sum "$piece" | cut -d' ' -f1)
  if [ "$wanted" != "$found" ]; then
    echo "$name is damaged or of another pack: its SHA-256 is $found instead of ${wanted:-none}. Carry it again." >&2
    exit 1
  fi
  cp "$piece" "$kept/$name.half" && mv "$kept/$name.half" "$kept/$name" || exit 1
done
missing=""
while read -r _ name; do
  [ -f "$kept/$name" ] || missing="$missing $name"
done <"$list"
if [ -n "$missing" ]; then
  echo "Still to come:$missing"
  exit 3
fi
read -r bytes hash <"$here/bun.sha256"
if [ "$(sha256sum "$target/bun" 2>/dev/null | cut -d' ' -f1)" != "$hash" ]; then
  cat "$kept"/*.piece | head -c "$bytes" | gzip -dc >"$target/bun.half" || exit 1
  if [ "$(sha256sum "$target/bun.half" | cut -d' ' -f1)" != "$hash" ]; then
    echo "Bun is not what was packed." >&2
    exit 1
  fi
  chmod +x "$target/bun.half" && mv "$target/bun.half" "$target/bun" || exit 1
fi
exec "$target/bun" "$kept/unpack.ts" "$kept" "$target"
