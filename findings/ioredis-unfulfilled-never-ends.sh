#!/usr/bin/env bash
# ioredis 6.0.0 (Bun 1.4.5): with autoResendUnfulfilledCommands false, a command that is on its way when the connection is lost
# neither succeeds nor fails, ever.
#
# The option is for those who do not want a command sent twice. When a connection closes, the commands without an answer are set
# aside; when the next one is ready they are sent again, or, with the option, dropped without a word to whoever waits for them. Only
# maxRetriesPerRequest ends them, after as many failed attempts to connect: with null, which BullMQ asks for, nothing does. With 0
# they fail as soon as the connection is lost. The server here answers the greeting, and hangs up on the first GET.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts --save-exact ioredis@6.0.0 bun@1.4.5
bun=$(ls -d node_modules/@oven/bun-linux-x64/bin/bun)
cat >lost.mjs <<'JS'
import net from "node:net";
import { Redis } from "ioredis";
const server = net.createServer((socket) => {
  socket.on("error", () => {});
  socket.on("data", (bytes) => {
    if (bytes.toString().toLowerCase().includes("get")) socket.destroy();
    else socket.write("+OK\r\n");
  });
});
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const options = { protocol: 2, enableReadyCheck: false, disableClientInfo: true, lazyConnect: true, retryStrategy: () => 50 };
for (const [name, more] of [
  ["resend false, retries null", { autoResendUnfulfilledCommands: false, maxRetriesPerRequest: null }],
  ["retries 0", { maxRetriesPerRequest: 0 }],
]) {
  const client = new Redis(server.address().port, "127.0.0.1", { ...options, ...more });
  await client.connect();
  let readies = 0;
  client.on("ready", () => { readies += 1; });
  const end = client.get("a").then(() => "an answer", () => "an error");
  const late = new Promise((resolve) => setTimeout(resolve, 3000, "nothing in 3 s"));
  const seen = await Promise.race([end, late]);
  if (seen === "nothing in 3 s" && readies === 0) throw new Error("it was not connected again");
  console.log(`${name}: ${seen}`);
  client.disconnect();
}
process.exit(0);
JS
seen=$("$bun" lost.mjs)
expected='resend false, retries null: nothing in 3 s
retries 0: an error'
echo "$seen"
[ "$seen" = "$expected" ] || { echo "changed: expected $expected"; exit 1; }
