import { afterAll, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { download, type Wanted } from "#/outgoing/download/download.ts";
import { type Answer, type Asked, cutOff, fileServer, honest } from "../../support/file-server.ts";

const root = mkdtempSync(join(tmpdir(), "fooocusd-download-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const bytesOf = (seed: number, length = 200_000): Uint8Array<ArrayBuffer> =>
  Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8) * 7 + seed) & 255);
const file = bytesOf(1);
const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const patience = { tries: 3, pauseMs: 1, silentMs: 500 };

/** Fetches from a server that answers so; with what was told on the way. */
async function fetchFrom(
  answer: (asked: Asked, n: number) => Answer,
  known: Partial<Wanted> = {},
  more: Partial<Parameters<typeof download>[1]> = {},
) {
  const folder = mkdtempSync(join(root, "one-"));
  const server = await fileServer(answer);
  const path = known.path ?? join(folder, "model.safetensors");
  const notes: string[] = [];
  const progress: number[] = [];
  const ended = await download(
    { address: `${server.url}/model.safetensors?token=secret`, ...known, path },
    { patience, note: (text) => notes.push(text), progress: (there) => progress.push(there), ...more },
  ).catch((thrown: unknown) => (thrown instanceof Error ? thrown : new Error(String(thrown))));
  server.close();
  return {
    ended,
    notes,
    progress,
    path,
    asked: server.asked,
    left: readdirSync(join(path, "..")).toSorted(),
  };
}

const whole = ["model.safetensors"];

test("a file comes whole, under its name alone, with its hash and its progress", async () => {
  const { ended, path, left, progress } = await fetchFrom((asked) => honest(file, asked, '"a"'));
  expect(ended).toBe(sha256(file));
  expect(new Uint8Array(readFileSync(path))).toEqual(file);
  expect(left).toEqual(whole);
  expect([progress[0], progress.at(-1)]).toEqual([0, file.length]);
});

test("a server that drops every connection: it goes on where it was, by ranges and the same tag", async () => {
  const { ended, asked, left, notes } = await fetchFrom(
    (one) => cutOff(honest(file, one, '"a"'), 60_000),
    {},
    { patience: { ...patience, tries: 50 } },
  );
  expect(ended).toBe(sha256(file));
  const rests = asked.filter(({ range }) => range !== undefined);
  expect(rests.length).toBeGreaterThanOrEqual(3);
  expect(rests.map(({ ifRange }) => ifRange)).toEqual(rests.map(() => '"a"'));
  expect(left).toEqual(whole);
  expect(notes.join()).not.toContain("secret");
});

test("another file between two halves: If-Range brings it from its beginning, and nothing of the first stays", async () => {
  const newer = bytesOf(9);
  const { ended, path } = await fetchFrom((one, n) =>
    n === 0 ? cutOff(honest(file, one, '"a"'), 60_000) : honest(newer, one, '"b"'),
  );
  expect(ended).toBe(sha256(newer));
  expect(new Uint8Array(readFileSync(path))).toEqual(newer);
});

test("… also from a server that heeds ranges and not If-Range: its tags are compared", async () => {
  const newer = bytesOf(9);
  const { ended } = await fetchFrom((one, n) =>
    n === 0 ? cutOff(honest(file, one, '"a"'), 60_000) : honest(newer, { ...one, ifRange: undefined }, '"b"'),
  );
  expect(ended).toBe(sha256(newer));
});

test("a server that ignores ranges sends the whole again, which is taken as the whole", async () => {
  const { ended, path, asked } = await fetchFrom((one, n) => {
    const answer = honest(file, { ...one, range: undefined }, '"a"');
    return n === 0 ? cutOff(answer, 60_000) : answer;
  });
  expect(asked).toHaveLength(2);
  expect(ended).toBe(sha256(file));
  expect(new Uint8Array(readFileSync(path))).toEqual(file);
});

test("a server that answers another range than was asked for is asked anew from the beginning", async () => {
  const { ended } = await fetchFrom((one, n) => {
    if (n === 0) return cutOff(honest(file, one, '"a"'), 60_000);
    return one.range === undefined
      ? honest(file, one, '"a"')
      : honest(file, { ...one, range: one.range - 10 }, '"a"');
  });
  expect(ended).toBe(sha256(file));
});

test("without a tag nothing is joined, unless a hash is known that tells whether it fits", async () => {
  const untagged = (one: Asked, n: number): Answer => {
    const { headers: { etag: _, ...headers } = {}, ...answer } = honest(file, one, '"a"');
    return n === 0 ? cutOff({ ...answer, headers }, 60_000) : { ...answer, headers };
  };
  const blind = await fetchFrom(untagged);
  expect([blind.ended, blind.asked[1]?.range]).toEqual([sha256(file), undefined]);
  const sure = await fetchFrom(untagged, { sha256: sha256(file) });
  expect(sure.ended).toBe(sha256(file));
  expect(sure.asked[1]?.range).toBeGreaterThan(0);
});

test("wrong bytes are refused by their hash, and leave nothing behind", async () => {
  const { ended, left } = await fetchFrom((one) => honest(bytesOf(2), one, '"a"'), { sha256: sha256(file) });
  expect(String(ended)).toContain(`and should be ${sha256(file)}`);
  expect(left).toEqual([]);
});

test("… by the hash that the server itself promises where it sends on, too", async () => {
  const { ended, left } = await fetchFrom((one) =>
    one.path.startsWith("/store")
      ? honest(bytesOf(2), one, '"a"')
      : {
          status: 302,
          headers: { location: "/store", "x-linked-etag": `"${sha256(file)}"`, "content-length": 0 },
        },
  );
  expect(String(ended)).toContain(sha256(file));
  expect(left).toEqual([]);
});

test("… and by whoever looks into the file before it gets its name", async () => {
  const { ended, left } = await fetchFrom(
    (one) => honest(file, one, '"a"'),
    {},
    { refuse: () => "it is a poem" },
  );
  expect(String(ended)).toContain("it is a poem");
  expect(left).toEqual([]);
});

test("lies about length: more promised than ever comes ends after a few tries, with what there is kept as .part", async () => {
  const { ended, left, asked } = await fetchFrom((one) => {
    const answer = honest(file, one, '"a"');
    if (one.range !== undefined) return { ...answer, body: new Uint8Array() };
    return { ...answer, headers: { ...answer.headers, "content-length": file.length + 5 } };
  });
  expect(String(ended)).toMatch(/ended after|another file|has no such part|broke:/);
  expect(asked.length).toBeLessThan(12);
  expect(left).not.toContain("model.safetensors");
});

test("lies about length: another one than is published is refused before a byte is written", async () => {
  const { ended, left } = await fetchFrom((one) => honest(file, one, '"a"'), { bytes: 7 });
  expect(String(ended)).toContain(`has ${file.length} bytes there, and should have 7`);
  expect(left).toEqual([]);
});

test("lies about length: what ends early without saying how long it is is not whole either", async () => {
  const { ended, left } = await fetchFrom(() => ({ status: 200, body: file.subarray(0, 1000) }), {
    bytes: file.length,
  });
  expect(String(ended)).toContain(`ended after 1000 of ${file.length} bytes`);
  expect(left).not.toContain("model.safetensors");
});

test("what waits without a word is broken off and asked again", async () => {
  const { ended, asked } = await fetchFrom((one, n) =>
    n === 0 ? { status: 503, headers: { "content-length": 0 } } : honest(file, one, '"a"'),
  );
  expect([ended, asked.length]).toEqual([sha256(file), 2]);
});

test("a second start goes on with what the first left; another address' part is not used", async () => {
  const path = join(mkdtempSync(join(root, "two-")), "model.safetensors");
  const server = await fileServer((one, n) =>
    n < 3 ? cutOff(honest(file, one, '"a"'), n === 0 ? 60_000 : 0) : honest(file, one, '"a"'),
  );
  const wanted = { address: `${server.url}/a`, path };
  const parts = { patience: { ...patience, tries: 2 }, note: () => undefined, progress: () => undefined };
  await expect(download(wanted, parts)).rejects.toThrow(/broke|ended/);
  expect(existsSync(path)).toBe(false);
  expect(await download(wanted, parts)).toBe(sha256(file));
  expect(server.asked.at(-1)?.range).toBeGreaterThan(0);
  writeFileSync(`${path}.part`, "something else");
  expect(await download({ ...wanted, address: `${server.url}/b` }, parts)).toBe(sha256(file));
  expect(server.asked.at(-1)?.range).toBeUndefined();
  server.close();
});

test("pages, logins and files that are not there are refused by what they are, once", async () => {
  const answers: readonly (readonly [Answer, string])[] = [
    [{ status: 404, headers: { "content-length": 0 } }, "answered 404"],
    [{ status: 401, headers: { "content-length": 0 } }, "wants a login"],
    [
      {
        status: 200,
        headers: { "content-type": "text/html", "content-length": 1 },
        body: file.subarray(0, 1),
      },
      "web page",
    ],
    [
      { status: 302, headers: { location: "file:///etc/passwd", "content-length": 0 } },
      "only http and https",
    ],
  ];
  for (const [answer, said] of answers) {
    const { ended, asked, left } = await fetchFrom(() => answer);
    expect(String(ended)).toContain(said);
    expect(String(ended)).not.toContain("secret");
    expect([asked.length, left]).toEqual([1, []]);
  }
  const { ended } = await fetchFrom(() => ({ status: 200 }), { address: "http://user:word@127.0.0.1/x" });
  expect(String(ended)).not.toContain("word@");
});

test("a disk without room for it is told before anything is fetched", async () => {
  const { ended, left } = await fetchFrom(() => ({
    status: 200,
    headers: { "content-length": 9e15 },
    body: file,
  }));
  expect(String(ended)).toContain("There is no room for");
  expect(left).toEqual([]);
});

test("an interruption keeps what is there, and says so", async () => {
  const stop = new AbortController();
  const { ended, left } = await fetchFrom(
    (one) => cutOff(honest(file, one, '"a"'), 60_000),
    {},
    { signal: stop.signal, note: () => stop.abort() },
  );
  expect(String(ended)).toContain("Interrupted");
  expect(left).toEqual(["model.safetensors.part", "model.safetensors.part.json"]);
});

test("a folder that cannot be made, or a name that is too long, is told with its path, and nothing is asked of the server", async () => {
  const inTheWay = join(root, "in-the-way");
  writeFileSync(inTheWay, "a file");
  const long = `${"a".repeat(300)}.safetensors`;
  for (const path of [join(inTheWay, "loras", "model.safetensors"), join(root, long)]) {
    const ended = await download(
      { address: "http://127.0.0.1:9/x", path },
      { patience, note: () => undefined, progress: () => undefined },
    ).catch((thrown: unknown) => thrown);
    expect(ended).toMatchObject({ code: "storage-failed" });
    expect(String(ended)).toContain(path === join(root, long) ? long : join(inTheWay, "loras"));
  }
});
