import { afterAll, expect, test } from "bun:test";
import net from "node:net";
import tls from "node:tls";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { type FetchLimits, type OutgoingRequest, safeFetch } from "#/outgoing/safe-fetch.ts";
import { deafPort } from "../../../support/deaf-port.ts";
import { testCertificate } from "../../../support/test-certificate.ts";

const limits: FetchLimits = { maxBytes: 1_000_000, milliseconds: 400, redirects: 3, allowPrivate: true };
const ok = "HTTP/1.1 200 OK\r\n";

type Peer = (socket: net.Socket) => void;
const servers: net.Server[] = [];
const open = new Set<net.Socket>();
afterAll(() => {
  for (const socket of open) socket.destroy();
  for (const server of servers) server.close();
});

/** A server that does with each connection what `peer` says, once a whole header came. */
async function listen(peer: Peer, make: (taken: Peer) => net.Server = (taken) => net.createServer(taken)) {
  const server = make((socket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
    socket.on("error", () => undefined);
    let heard = "";
    socket.on("data", (data) => {
      heard += data.toString();
      if (!heard.includes("\r\n\r\n")) return;
      heard = "";
      peer(socket);
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

const says =
  (...texts: readonly (string | Uint8Array)[]): Peer =>
  (socket) => {
    for (const text of texts) socket.write(text);
  };

/** How long it took to give up, and what was said; nothing may stay open. */
async function givesUp(request: OutgoingRequest, resolver?: Parameters<typeof safeFetch>[2]) {
  const from = performance.now();
  await expect(safeFetch(request, limits, resolver)).rejects.toThrow("did not answer within 0.4 s");
  expect(performance.now() - from).toBeWithin(350, 5000);
  while (open.size > 0) await Bun.sleep(5);
}

const get = (port: number): OutgoingRequest => ({ url: `http://127.0.0.1:${port}/`, method: "GET" });

test("a peer is not waited for without end: a name that is never found", async () => {
  await givesUp({ url: "http://public.test/", method: "GET" }, () => new Promise(() => undefined));
});

test("a peer is not waited for without end: a connection that is never made", async () => {
  const deaf = await deafPort();
  await givesUp(get(deaf.port));
  deaf.close();
});

test("a peer is not waited for without end: a TLS handshake that is never answered", async () => {
  const port = await listen(() => undefined);
  await givesUp({ url: `https://127.0.0.1:${port}/`, method: "GET" });
});

test("a peer is not waited for without end: one that does not take what is sent", async () => {
  const port = await listen(
    () => undefined,
    () =>
      net.createServer({ pauseOnConnect: true }, (socket) =>
        open.add(socket.on("close", () => open.delete(socket))),
      ),
  );
  const body = "x".repeat(20_000_000);
  const from = performance.now();
  await expect(safeFetch({ ...get(port), method: "POST", body }, limits)).rejects.toThrow("within 0.4 s");
  expect(performance.now() - from).toBeLessThan(5000);
  for (const socket of open) socket.destroy();
});

const silences: Readonly<Record<string, Peer>> = {
  "before its answer": says(),
  "within the first line": says("HTTP/1.1 20"),
  "within the header": says(`${ok}content-le`),
  "after the header": says(`${ok}content-length: 5\r\n\r\n`),
  "within the body": says(`${ok}content-length: 5\r\n\r\nab`),
  "after a chunk": says(`${ok}transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n`),
  "before the last chunk's end": says(`${ok}transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n`),
  "within the trailer": says(`${ok}transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nx: y`),
  "in a body that ends with the connection": says(`${ok}\r\nabc`),
  "after saying that it goes on": says("HTTP/1.1 100 Continue\r\n\r\n"),
  "while it says that it goes on": (socket) => {
    const timer = setInterval(() => socket.write("HTTP/1.1 102 Processing\r\n\r\n"), 20);
    socket.on("close", () => clearInterval(timer));
  },
  "but for a byte now and then": (socket) => {
    socket.write(`${ok}content-length: 500\r\n\r\n`);
    const timer = setInterval(() => socket.write("x"), 50);
    socket.on("close", () => clearInterval(timer));
  },
};

for (const [when, peer] of Object.entries(silences)) {
  test(`a peer is not waited for without end: silent ${when}`, async () => {
    await givesUp(get(await listen(peer)));
  });
}

test("a peer is not waited for without end: silent after a redirect, whose time is that of the whole", async () => {
  const silent = await listen(says(`${ok}content-length: 5\r\n\r\n`));
  const port = await listen((socket) =>
    setTimeout(
      () => socket.write(`HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:${silent}/\r\n\r\n`),
      250,
    ),
  );
  await givesUp(get(port));
});

test("a peer is not waited for without end: silent within TLS", async () => {
  const before = process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
  process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
  try {
    const make = (taken: Peer) => tls.createServer(testCertificate, taken);
    for (const peer of [says(), says(`${ok}content-length: 5\r\n\r\nab`)]) {
      const port = await listen(peer, make);
      await givesUp({ url: `https://127.0.0.1:${port}/`, method: "GET" });
    }
  } finally {
    if (before === undefined) delete process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
    else process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = before;
  }
});

test("who wants a status only has it with the header, however the answer goes on", async () => {
  const flood: Peer = (socket) => {
    socket.write(`${ok}\r\n`);
    const more = (): void => {
      if (!socket.destroyed) socket.write("x".repeat(100_000), () => setImmediate(more));
    };
    more();
  };
  for (const peer of [says(`${ok}content-length: 5\r\n\r\nab`), flood]) {
    const from = performance.now();
    const answer = await safeFetch({ ...get(await listen(peer)), wants: "status" }, limits);
    expect(answer.status).toBe(200);
    expect(performance.now() - from).toBeLessThan(350);
  }
  while (open.size > 0) await Bun.sleep(5);
});

test("an answer may be as large as was said, also when it is unpacked, and its header is bounded", async () => {
  const packed = (name: string, bytes: Uint8Array): Peer =>
    says(`${ok}content-encoding: ${name}\r\ncontent-length: ${bytes.length}\r\n\r\n`, bytes);
  const zeros = new Uint8Array(5_000_000);
  const bombs = { gzip: gzipSync(zeros), deflate: deflateSync(zeros), br: brotliCompressSync(zeros) };
  for (const [name, bytes] of Object.entries(bombs)) {
    const fetched = safeFetch(get(await listen(packed(name, bytes))), { ...limits, milliseconds: 60_000 });
    await expect(fetched).rejects.toThrow("larger than 1000000 bytes");
  }
  const lines = `x: ${"y".repeat(1000)}\r\n`.repeat(100);
  await expect(safeFetch(get(await listen(says(ok, lines))), limits)).rejects.toThrow("not fetched");
  await expect(safeFetch(get(await listen(packed("lzma", gzipSync("a")))), limits)).rejects.toThrow("lzma");
  await expect(safeFetch(get(await listen(packed("gzip", Buffer.from("a")))), limits)).rejects.toThrow(
    "not gzip",
  );
  const answer = await safeFetch(get(await listen(packed("gzip", gzipSync("a picture")))), limits);
  expect(Buffer.from(answer.body).toString()).toBe("a picture");
});

test("half an answer is none, and neither is one that leads nowhere", async () => {
  const half: Peer = (socket) => socket.end(`${ok}content-length: 5\r\n\r\nab`);
  await expect(safeFetch(get(await listen(half)), limits)).rejects.toThrow("not fetched");
  const nowhere = says("HTTP/1.1 302 Found\r\nlocation: http://\r\n\r\n");
  await expect(safeFetch(get(await listen(nowhere)), limits)).rejects.toMatchObject({
    code: "unreachable-url",
    message: expect.stringContaining('redirects to "http://"'),
  });
  const other = says("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n");
  await expect(safeFetch(get(await listen(other)), limits)).rejects.toThrow("another protocol");
  const whole: Peer = (socket) => socket.end(`${ok}\r\nuntil it ends`);
  const answer = await safeFetch(get(await listen(whole)), limits);
  expect(Buffer.from(answer.body).toString()).toBe("until it ends");
});
