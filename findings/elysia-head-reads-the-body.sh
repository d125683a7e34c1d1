#!/usr/bin/env bash
# elysia 1.4.30 (Bun 1.4.5): HEAD of a path with a parameter never calls its handler; GET's runs, and its whole body is read.
#
# `.head("/files/:name", …)` is registered and listed, but HEAD asks for the GET route first, counts the bytes of what that
# answers by reading them, and overwrites Content-Length with the count. So HEAD of a file costs as much reading as GET
# (a 4 GiB file took 1.9 s), and an answer without a body gets Content-Length 0 whatever its handler said. A path without a
# parameter calls its own handler.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts --save-exact elysia@1.4.30 bun@1.4.5
bun=$(ls -d node_modules/@oven/bun-linux-x64/bin/bun)
cat >head.mjs <<'JS'
import { Elysia } from "elysia";
let pieces = 0;
const answer = (who) => new Response(null, { headers: { who, "content-length": "4096" } });
const long = () =>
  new ReadableStream({
    pull(controller) {
      pieces += 1;
      if (pieces > 64) controller.close();
      else controller.enqueue(new Uint8Array(1024));
    },
  });
const app = new Elysia({ systemRouter: false })
  .get("/plain", () => answer("GET"))
  .head("/plain", () => answer("HEAD"))
  .get("/files/:name", () => new Response(long(), { headers: { who: "GET" } }))
  .head("/files/:name", () => answer("HEAD"))
  .listen({ hostname: "127.0.0.1", port: 0 });
for (const path of ["/plain", "/files/a"]) {
  const { headers } = await fetch(`http://127.0.0.1:${app.server.port}${path}`, { method: "HEAD" });
  console.log(`HEAD ${path}: handler ${headers.get("who")}, content-length ${headers.get("content-length")}`);
}
console.log(`pieces of the body that were read: ${pieces > 64 ? "all" : pieces}`);
app.server.stop(true);
JS
seen=$("$bun" head.mjs)
expected='HEAD /plain: handler HEAD, content-length 4096
HEAD /files/a: handler GET, content-length 65536
pieces of the body that were read: all'
echo "$seen"
[ "$seen" = "$expected" ] || { echo "changed: expected $expected"; exit 1; }
