import { afterAll, expect, test } from "bun:test";
import { serveBench } from "../support/served-bench.ts";

const bench = await serveBench();
let location: string | null = null;
let status = 302;
/** Writes the bytes as they are: no library would send some of these. */
const peer = Bun.listen({
  hostname: "127.0.0.1",
  port: 0,
  socket: {
    data: (socket) => {
      const line = location === null ? "" : `Location: ${location}\r\n`;
      socket.end(Buffer.from(`HTTP/1.1 ${status} Found\r\n${line}Content-Length: 0\r\n\r\n`, "latin1"));
    },
  },
});
afterAll(async () => {
  peer.stop(true);
  await bench.close();
});

const read = async () => {
  const image = `http://127.0.0.1:${peer.port}/picture.png`;
  const body = JSON.stringify({ image });
  const answer = await fetch(`${bench.url}/v1/tools/read-metadata`, { method: "POST", body });
  const { detail } = await answer.json();
  return [answer.status, detail[0]?.type, detail[0]?.loc];
};

const shapes: readonly (string | null)[] = [
  null,
  "",
  " ",
  "http://",
  "http://[",
  "http://[::1",
  "//",
  "http:///",
  "http://a b/",
  "http://:80/",
  "http://127.0.0.1:99999/",
  "http://user:pw@127.0.0.1/",
  "ftp://127.0.0.1/a",
  "file:///etc/passwd",
  "data:image/png;base64,AAAA",
  "javascript:alert(1)",
  "mailto:a@b",
  "http://\xed\xa0\x80/",
  "\xff\xfe",
  "http://127.0.0.1:1/",
  `http://127.0.0.1/${"x".repeat(20_000)}`,
  "http://xn--\u0000.test/".replace("\u0000", "%00"),
];
for (const shape of shapes) {
  test(`a redirect to ${JSON.stringify(shape)?.slice(0, 60)} is a 422 of the field`, async () => {
    location = shape;
    for (status of [301, 302, 303, 307, 308, 300, 304])
      expect([status, ...(await read())]).toEqual([status, 422, "unreachable_url", ["body", "image"]]);
  });
}
