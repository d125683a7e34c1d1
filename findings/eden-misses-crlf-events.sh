#!/usr/bin/env bash
# @elysiajs/eden 1.4.9 (elysia 1.4.30, Bun 1.4.5): of an event stream whose lines end with CR LF only one event is read, and a
# second data line replaces the first.
#
# The standard lets lines end with CR LF, LF or CR, and joins the data lines of an event. Eden's treaty looks for LF LF: a
# stream of FastAPI's (sse-starlette ends lines with CR LF) is held back until its end and read as a single event. Within an event
# the last line of a name wins, so "data: {…}" followed by an empty "data:" is read as an empty text. Of the same three events
# it reads three with LF, one with CR LF (its data a text that ends with CR), and three empty ones with the second line.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts --save-exact @elysiajs/eden@1.4.9 elysia@1.4.30 bun@1.4.5
bun=$(ls -d node_modules/@oven/bun-linux-x64/bin/bun)
cat >events.mjs <<'JS'
import { treaty } from "@elysiajs/eden";
const streams = {
  lf: 'data: {"n":1}\n\ndata: {"n":2}\n\ndata: {"n":3}\n\n',
  crlf: 'data: {"n":1}\r\n\r\ndata: {"n":2}\r\n\r\ndata: {"n":3}\r\n\r\n',
  twolines: 'data: {"n":1}\ndata: \n\ndata: {"n":2}\ndata: \n\ndata: {"n":3}\ndata: \n\n',
};
const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch: ({ url }) =>
    new Response(streams[new URL(url).pathname.slice(1)], { headers: { "content-type": "text/event-stream" } }),
});
const api = treaty(`http://127.0.0.1:${server.port}`);
for (const name of Object.keys(streams)) {
  const seen = [];
  for await (const { data } of (await api[name].get()).data) seen.push(JSON.stringify(data));
  console.log(`${name}: ${seen.join(" ")}`);
}
server.stop(true);
JS
seen=$("$bun" events.mjs)
expected='lf: {"n":1} {"n":2} {"n":3}
crlf: "{\"n\":3}\r"
twolines: "" "" ""'
echo "$seen"
[ "$seen" = "$expected" ] || { echo "changed: expected $expected"; exit 1; }
