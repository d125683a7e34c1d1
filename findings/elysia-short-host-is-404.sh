#!/usr/bin/env bash
# elysia 1.4.30 (Bun 1.4.5): a server asked by a host name of one to three letters answers 404 to every path.
#
# The router looks for the path behind the eleventh character of the address, where the shortest host it thinks of ends. In
# http://nas/tasks the path begins at the tenth, so the next slash, or nothing, is taken for it. A port lengthens the
# address, port 80 does not: it is left out of it. `handler: { standardHostname: false }` switches the shortcut off.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts --save-exact elysia@1.4.30 bun@1.4.5
bun=$(ls -d node_modules/@oven/bun-linux-x64/bin/bun)
cat >hosts.mjs <<'JS'
import { Elysia } from "elysia";
for (const handler of [{}, { standardHostname: false }]) {
  const app = new Elysia({ systemRouter: false, handler }).get("/tasks", () => "found");
  app.listen({ hostname: "127.0.0.1", port: 0 });
  const seen = [];
  for (const host of ["pc", "nas", "nas:80", "host", "nas:8080"]) {
    const answer = await fetch(`http://127.0.0.1:${app.server.port}/tasks`, { headers: { host } });
    seen.push(`${host} ${answer.status}`);
  }
  console.log(`${JSON.stringify(handler)}: ${seen.join(", ")}`);
  app.server.stop(true);
}
JS
seen=$("$bun" hosts.mjs)
expected='{}: pc 404, nas 404, nas:80 404, host 200, nas:8080 200
{"standardHostname":false}: pc 200, nas 200, nas:80 200, host 200, nas:8080 200'
echo "$seen"
[ "$seen" = "$expected" ] || { echo "changed: expected $expected"; exit 1; }
