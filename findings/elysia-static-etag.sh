#!/usr/bin/env bash
# @elysiajs/static 1.4.10 (elysia 1.4.30, Bun 1.4.5): file by file it never says 304; listed at the start it says 304 for files that changed.
#
# File by file (alwaysStatic: false, the default outside production) the second request finds the first one's answer in a
# cache before If-None-Match is looked at: who has the file is sent it again, for three hours. Listed at the start
# (alwaysStatic: true) the etag is of the bytes at the start, the body of those there now: a browser keeps the old file for
# good. In both the etag lacks its quotes, so no list of etags can hold it (RFC 9110, 8.8.3).
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts --save-exact elysia@1.4.30 @elysiajs/static@1.4.10 bun@1.4.5
bun=$(ls -d node_modules/@oven/bun-linux-x64/bin/bun)
mkdir public
cat >etag.mjs <<'JS'
import { writeFileSync } from "node:fs";
import { Elysia } from "elysia";
import { staticPlugin } from "@elysiajs/static";
for (const alwaysStatic of [false, true]) {
  writeFileSync("public/app.js", "old");
  const app = new Elysia().use(await staticPlugin({ assets: "public", prefix: "/p", alwaysStatic }));
  const ask = (headers) => app.handle(new Request("http://localhost/p/app.js", { headers }));
  const etag = (await ask({})).headers.get("etag");
  const same = (await ask({ "if-none-match": etag })).status;
  writeFileSync("public/app.js", "new");
  const changed = (await ask({ "if-none-match": etag })).status;
  console.log(`alwaysStatic ${alwaysStatic}: etag ${etag}, unchanged ${same}, changed ${changed}`);
}
process.exit(0);
JS
seen=$("$bun" etag.mjs)
expected='alwaysStatic false: etag FJYD5sA1FjYqjaI/Yk25RQ==, unchanged 200, changed 200
alwaysStatic true: etag FJYD5sA1FjYqjaI/Yk25RQ==, unchanged 304, changed 304'
echo "$seen"
echo "wanted: in quotes, unchanged 304, changed 200"
[ "$seen" = "$expected" ] || { echo "changed: expected $expected"; exit 1; }
