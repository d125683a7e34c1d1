import { afterAll, describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DecodeGate } from "#/image/decode-gate.ts";
import type { Log } from "#/lib/log.ts";
import { bucketAddress } from "#/stores/images/s3/address.ts";
import { openBucket } from "#/stores/images/s3/bucket.ts";
import type { BucketPlace } from "#/stores/images/s3/requests.ts";
import { s3Images } from "#/stores/images/s3/s3-images.ts";
import { type BucketCan, tryBucket } from "#/stores/images/s3/try-bucket.ts";
import { type FaultyLine, faultyLine } from "../support/faulty-line.ts";
import { imagesSuite } from "../support/images-suite.ts";
import { type S3Server, s3Keys, startReplacingS3, startS3 } from "../support/s3-server.ts";

const root = mkdtempSync(join(tmpdir(), "fooocusd-s3-images-"));
const started = await startS3();
const server = "missing" in started ? undefined : started;
if ("missing" in started) console.log(`skipped: pictures in S3: ${started.missing}`);
afterAll(async () => {
  await server?.stop();
  rmSync(root, { recursive: true, force: true });
});

const bytes = new TextEncoder().encode("a picture");
const at = new Date(2026, 10, 23, 9, 5, 7);

type Options = Readonly<{
  place?: Partial<BucketPlace>;
  folder?: string;
  can?: Partial<BucketCan>;
  cacheBytes?: number;
  random?: () => number;
}>;

/** A server's pictures, in a bucket of a prefix of their own unless another is said. */
function open(
  of: S3Server,
  { place, folder, can, cacheBytes = 1 << 20, random = Math.random }: Options = {},
) {
  const lines: string[] = [];
  const say = (sentence: string, facts: unknown): void =>
    void lines.push(`${sentence} ${JSON.stringify(facts)}`);
  const log: Log = { debug: say, info: say, warn: say, error: say };
  const where = { ...placeOf(of), ...place };
  const own = folder ?? join(root, crypto.randomUUID());
  const bucket = openBucket(where);
  const gate = new DecodeGate();
  const parts = { bucket, root: own, cacheBytes, random, gate, log, again: 50 };
  const opened = s3Images({ ...parts, can: { onlyNew: true, ...can } });
  return { ...opened, bucket, folder: own, place: where, lines };
}

const placeOf = ({ endpoint }: S3Server): BucketPlace => ({
  bucket: "pictures",
  prefix: `${crypto.randomUUID()}/`,
  endpoint,
  region: "",
  keys: s3Keys.all,
});

/** Waits until something holds; what could not be put is tried up to a minute later. */
async function soon(holds: () => boolean | Promise<boolean>): Promise<boolean> {
  for (let tries = 0; tries < 3600; tries += 1) {
    if (await holds()) return true;
    await Bun.sleep(25);
  }
  return false;
}

const read = (path: string | undefined): Uint8Array | undefined =>
  path === undefined ? undefined : new Uint8Array(readFileSync(path));

if (server !== undefined) {
  await server.makeBucket("pictures");
  imagesSuite("S3", () => open(server).images);
  describe("pictures in S3", () => tests(server));
} else test.skip("pictures in S3", () => undefined);

function tests(of: S3Server): void {
  test("lie under the keys that the docs say, and are fetched by a server that has none of them", async () => {
    const one = open(of);
    const kept = await one.images.put(bytes, "png", at, "ä b+c%&=#'(1)");
    const input = await one.images.putInput(bytes);
    const keys: string[] = [];
    for await (const { key } of one.bucket.list("")) keys.push(key);
    expect(keys.toSorted()).toEqual([`inputs/${input}`, `outputs/2026-11-23/${kept.name}`]);
    const two = open(of, { place: one.place });
    expect(read(await two.images.output(kept.folder, kept.name))).toEqual(bytes);
    expect(read(await two.images.input(input))).toEqual(bytes);
    // The same file to clients, whichever server they ask: its time is the object's.
    await Bun.sleep(2100);
    const paths = [one, two].map(({ images }) => images.output(kept.folder, kept.name));
    const times = (await Promise.all(paths)).map((path) => Bun.file(path ?? "").lastModified);
    expect(times[0]).toBe(times[1] ?? 0);
  });

  test("of every name that a client may give come back, and are listed", async () => {
    const { images } = open(of);
    const names = [
      "%2e%2e",
      "a%2Fb",
      "1+1",
      " a  b ",
      "it's",
      '"<>&',
      "a?b#c",
      "日本語",
      "e\u0301",
      "\u{1f600}",
      "~!*()",
      "a.",
      "ä".repeat(100),
    ];
    for (const [n, saveName] of names.entries()) {
      const content = new Uint8Array(n + 1).fill(n);
      const kept = await images.put(content, "png", at, saveName);
      expect(kept.name).toBe(`${saveName}.png`);
      expect([saveName, await images.sizeOf(kept)]).toEqual([saveName, n + 1]);
      rmSync((await images.output(kept.folder, kept.name)) ?? "");
      expect(read(await images.output(kept.folder, kept.name))).toEqual(content);
      expect([saveName, await images.remove(kept, Date.now() + 3_600_000)]).toEqual([saveName, true]);
    }
  });

  test("that another server deleted, or replaced, are not shown from the cache", async () => {
    const one = open(of);
    const two = open(of, { place: one.place });
    const kept = await one.images.put(bytes, "png", at, "mine");
    expect(read(await two.images.output(kept.folder, kept.name))).toEqual(bytes);
    expect(await one.images.remove(kept, Date.now() + 3_600_000)).toBe(true);
    await Bun.sleep(2100);
    expect(await two.images.output(kept.folder, kept.name)).toBeUndefined();
    const again = await one.images.put(new Uint8Array([9]), "png", at, "mine");
    expect(again).toEqual(kept);
    expect(read(await two.images.output(kept.folder, kept.name))).toEqual(new Uint8Array([9]));
  });

  test("two servers that put a name at once keep both", async () => {
    const one = open(of);
    const two = open(of, { place: one.place });
    const put = [one, two, one, two].map(({ images }, n) =>
      images.put(new Uint8Array([n]), "png", at, "mine"),
    );
    const kept = await Promise.all(put);
    expect(new Set(kept.map(({ name }) => name)).size).toBe(4);
    for (const [n, { folder, name }] of kept.entries())
      expect(read(await two.images.output(folder, name))).toEqual(new Uint8Array([n]));
  });

  test("a real server that replaces what is there is found out, and no name is given twice", async () => {
    const replacing = await startReplacingS3();
    if ("missing" in replacing) throw new Error(replacing.missing);
    try {
      const place = { ...placeOf(of), endpoint: replacing.endpoint };
      expect(await tryBucket(openBucket(place))).toEqual({ onlyNew: false });
      const servers = [0, 1].map(() => open(of, { place, can: { onlyNew: false } }).images);
      const put = [0, 1, 2, 3].map((n) => servers[n % 2]?.put(new Uint8Array([n]), "png", at, "mine"));
      for (const [n, kept] of (await Promise.all(put)).entries()) {
        const path = await servers[0]?.output(kept?.folder ?? "", kept?.name ?? "");
        expect(read(path)).toEqual(new Uint8Array([n]));
      }
    } finally {
      await replacing.stop();
    }
  }, 120_000);

  test("where the server replaces what is there, no name is given twice", async () => {
    const one = open(of, { can: { onlyNew: false } });
    const two = open(of, { place: one.place, can: { onlyNew: false } });
    const kept = await Promise.all([one, two].map(({ images }) => images.put(bytes, "png", at, "mine")));
    for (const { name } of kept) expect(name).toMatch(/^mine-\d{9}\.png$/);
    expect(kept[0]?.name).not.toBe(kept[1]?.name ?? "");
    expect((await one.images.put(bytes, "png", at)).name).toMatch(/^2026-11-23_09-05-07_\d{9}\.png$/);
  });

  test("a name that many have is drawn at last, so that none costs a hundred questions", async () => {
    const { images } = open(of);
    const names = [];
    for (let n = 0; n < 12; n += 1) names.push((await images.put(bytes, "png", at, "mine")).name);
    expect(names.slice(0, 10)).toEqual([
      "mine.png",
      ...[2, 3, 4, 5, 6, 7, 8, 9, 10].map((n) => `mine-${n}.png`),
    ]);
    expect(names[10]).toMatch(/^mine-\d{9}\.png$/);
  });

  test("more than a page of inputs is listed to its end", async () => {
    const { images, bucket } = open(of);
    const names = Array.from({ length: 1010 }, (_, n) => `${n.toString(16).padStart(64, "0")}.png`);
    for (let from = 0; from < names.length; from += 101)
      await Promise.all(names.slice(from, from + 101).map((name) => bucket.put(`inputs/${name}`, bytes)));
    const found = await Array.fromAsync(images.inputsBefore(Date.now() + 3_600_000));
    expect(found.toSorted()).toEqual(names);
  }, 120_000);

  test("an input that another server comes to name while it is deleted here is put back", async () => {
    const one = open(of);
    const two = open(of, { place: one.place });
    const input = await one.images.putInput(bytes);
    const answers = [false, true];
    expect(await one.images.removeInput(input, () => answers.shift() ?? true)).toBe(false);
    expect(read(await two.images.input(input))).toEqual(bytes);
    await two.images.withInputs([input], async () => {
      expect(await one.images.removeInput(input, () => false)).toBe(true);
    });
    const third = open(of, { place: one.place });
    expect(read(await third.images.input(input))).toEqual(bytes);
  });

  test("a picture on its way is gone on with by another server", async () => {
    const one = open(of);
    const two = open(of, { place: one.place });
    const task = "0193b5a0-0000-7000-8000-000000000001" as Parameters<typeof one.images.onTheWay.of>[0];
    const facts = { seed: 7n, timings: { loading: 0, encoding: 1, denoising: 2, decoding: 3 } };
    await one.images.onTheWay.keep(task, 0, { done: 0, by: null, facts, png: bytes });
    await one.images.onTheWay.keep(task, 0, { done: 1, by: 0, facts, png: new Uint8Array([1]) });
    const there = (await two.images.onTheWay.of(task)).get(0);
    expect([there?.done, there?.by, there?.facts]).toEqual([1, 0, facts]);
    expect(read(there?.path)).toEqual(new Uint8Array([1]));
    await two.images.onTheWay.drop(task);
    expect((await Array.fromAsync(one.bucket.list(""))).length).toBe(0);
  });
  failureTests(of);
}

function failureTests(of: S3Server): void {
  const withLine = async (work: (line: FaultyLine) => Promise<void>): Promise<void> => {
    const line = await faultyLine(of.port);
    try {
      await work(line);
    } finally {
      line.close();
    }
  };

  test("a server that is busy, or a line that breaks, for a moment costs nothing but time", async () => {
    await withLine(async (line) => {
      for (const fault of ["busy", "refuses", "loses-answers"] as const) {
        const one = open(of, { place: { endpoint: line.endpoint } });
        line.set(fault);
        const mended = soon(() => line.seen() > 0).then(() => line.set("none"));
        const kept = await one.images.put(bytes, "png", at, "mine");
        await mended;
        // Also where the first try had arrived: it is ours, and not put again under another name.
        expect([fault, kept.name]).toEqual([fault, "mine.png"]);
        expect((await Array.fromAsync(one.bucket.list("outputs/"))).length).toBe(1);
        expect(one.lines).toEqual([]);
      }
    });
  }, 120_000);

  test("a server that answers nothing is not waited for for ever", async () => {
    await withLine(async (line) => {
      line.set("hangs");
      const { bucket } = open(of, { place: { endpoint: line.endpoint, patience: 200 } });
      const words = "cannot be reached at 127.0.0.1:";
      await expect(bucket.put("x", bytes, { between: [] })).rejects.toThrow(words);
      await expect(bucket.head("x")).rejects.toThrow(words);
      await expect(Array.fromAsync(bucket.list(""))).rejects.toThrow(words);
    });
  }, 120_000);

  test("a task that is written is not refused because the bucket goes away at that moment", async () => {
    await withLine(async (line) => {
      const { images } = open(of, { place: { endpoint: line.endpoint } });
      const input = await images.putInput(bytes);
      const written = await images.withInputs([input], async () => {
        line.set("refuses");
        return "row";
      });
      expect(written).toBe("row");
      await expect(images.withInputs([`${"0".repeat(64)}.png`], async () => "row")).rejects.toMatchObject({
        code: "storage-away",
      });
    });
  }, 120_000);

  test("an answer that is cut off is fetched again, never shown", async () => {
    await withLine(async (line) => {
      const one = open(of);
      const picture = crypto.getRandomValues(new Uint8Array(50_000));
      const kept = await one.images.put(picture, "png", at);
      const two = open(of, { place: { ...one.place, endpoint: line.endpoint } });
      line.set("cuts");
      await expect(two.images.output(kept.folder, kept.name)).rejects.toMatchObject({
        code: "storage-away",
      });
      line.set("none");
      expect(read(await two.images.output(kept.folder, kept.name))).toEqual(picture);
    });
  }, 120_000);

  test("a picture that cannot be put is kept, shown, and put later under the address that was told", async () => {
    await withLine(async (line) => {
      const one = open(of, { place: { endpoint: line.endpoint } });
      line.set("refuses");
      const kept = await one.images.put(bytes, "png", at, "mine");
      const second = await one.images.put(new Uint8Array([2]), "png", at);
      expect(kept.name).toMatch(/^mine-\d{9}\.png$/);
      expect(one.lines.join("\n")).toContain("could not be put into the bucket");
      expect(one.lines.join("\n")).toContain("Look whether the server runs there and s3_endpoint names it.");
      expect(one.lines.join("\n")).not.toMatch(/X-Amz|Signature|every-right|fooocusd-tests/);
      expect(read(await one.images.output(kept.folder, kept.name))).toEqual(bytes);
      expect(await one.images.sizeOf(kept)).toBe(bytes.length);
      await expect(one.images.putInput(bytes)).rejects.toMatchObject({ code: "storage-away" });
      line.set("none");
      expect(await soon(async () => (await Array.fromAsync(one.bucket.list("outputs/"))).length === 2)).toBe(
        true,
      );
      const two = open(of, { place: one.place });
      expect(read(await two.images.output(second.folder, second.name))).toEqual(new Uint8Array([2]));
      expect(read(await one.images.output(kept.folder, kept.name))).toEqual(bytes);
      await one.close();
      expect(readdirSync(join(one.folder, "spool", "outputs", kept.folder))).toEqual([]);
    });
  }, 120_000);

  test("and by the next process, where this one ended before", async () => {
    await withLine(async (line) => {
      const one = open(of, { place: { endpoint: line.endpoint } });
      line.set("refuses");
      const kept = await one.images.put(bytes, "jpeg", at);
      await one.close();
      const again = open(of, { place: one.place, folder: one.folder });
      expect(read(await again.images.output(kept.folder, kept.name))).toEqual(bytes);
      await again.close();
      line.set("none");
      const third = open(of, { place: one.place, folder: one.folder });
      expect(third.lines[0]).toContain("pictures wait to be put");
      expect(await soon(() => third.lines.length > 1)).toBe(true);
      expect(third.lines[1]).toContain("were put into the bucket");
      expect(
        read((await open(of, { place: one.place }).images.output(kept.folder, kept.name)) ?? ""),
      ).toEqual(bytes);
      await third.close();
      expect(existsSync(join(one.folder, "spool", "outputs", kept.folder, kept.name))).toBe(false);
    });
  }, 120_000);

  test("one that waits can be deleted, and is not put any more", async () => {
    await withLine(async (line) => {
      const one = open(of, { place: { endpoint: line.endpoint } });
      line.set("refuses");
      const kept = await one.images.put(bytes, "png", at);
      line.set("none");
      expect(await one.images.remove(kept, Date.now())).toBe(true);
      expect(await one.images.output(kept.folder, kept.name)).toBeUndefined();
      await Bun.sleep(300);
      expect(await Array.fromAsync(one.bucket.list("outputs/"))).toEqual([]);
    });
  }, 120_000);

  test("an enhancement goes on while the bucket cannot be reached, and what is cached is shown", async () => {
    await withLine(async (line) => {
      const one = open(of, { place: { endpoint: line.endpoint } });
      const kept = await one.images.put(bytes, "png", at);
      line.set("refuses");
      await Bun.sleep(2100);
      expect(read(await one.images.output(kept.folder, kept.name))).toEqual(bytes);
      const task = "0193b5a0-0000-7000-8000-000000000002" as Parameters<typeof one.images.onTheWay.of>[0];
      const facts = { seed: 7n, timings: { loading: 0, encoding: 1, denoising: 2, decoding: 3 } };
      await one.images.onTheWay.keep(task, 0, { done: 0, by: null, facts, png: bytes });
      expect((await one.images.onTheWay.of(task)).size).toBe(1);
      expect(one.lines.join("\n")).toContain("kept by this server alone");
    });
  }, 120_000);

  test("a cache that takes nothing costs no picture", async () => {
    const one = open(of);
    writeFileSync(join(root, "file"), "");
    const two = open(of, { place: one.place, folder: one.folder });
    rmSync(join(one.folder, "cache"), { recursive: true, force: true });
    await Bun.write(join(one.folder, "cache"), "a file where the folder should be");
    const kept = await two.images.put(bytes, "png", at);
    expect(read(await open(of, { place: one.place }).images.output(kept.folder, kept.name))).toEqual(bytes);
  });

  test("a picture that cannot be kept here is not shown, and says why", async () => {
    const one = open(of);
    const kept = await one.images.put(bytes, "png", at);
    const two = open(of, { place: one.place });
    mkdirSync(two.folder, { recursive: true });
    symlinkSync(join(two.folder, "nowhere", "cache"), join(two.folder, "cache"));
    await expect(two.images.output(kept.folder, kept.name)).rejects.toMatchObject({
      code: "storage-failed",
      message: expect.stringMatching(/\.png could not be written: E/),
    });
    rmSync(join(two.folder, "cache"));
    expect(read(await two.images.output(kept.folder, kept.name))).toEqual(bytes);
  });

  test("one that waits and cannot be read for a while waits on", async () => {
    await withLine(async (line) => {
      const one = open(of, { place: { endpoint: line.endpoint } });
      line.set("refuses");
      const kept = await one.images.put(bytes, "png", at);
      const path = (await one.images.output(kept.folder, kept.name)) ?? "";
      renameSync(path, `${one.folder}/elsewhere`);
      symlinkSync(path, path);
      line.set("none");
      expect(await soon(() => one.lines.some((words) => words.includes("cannot be read")))).toBe(true);
      rmSync(path);
      renameSync(`${one.folder}/elsewhere`, path);
      const other = open(of, { place: one.place });
      expect(await soon(async () => (await other.images.output(kept.folder, kept.name)) !== undefined)).toBe(
        true,
      );
      expect(read(await other.images.output(kept.folder, kept.name))).toEqual(bytes);
      await one.close();
    });
  }, 120_000);

  test("a start says in one sentence what is wrong with the bucket, and the way out", async () => {
    const place = placeOf(of);
    const tried = async (changed: Partial<BucketPlace>): Promise<string> =>
      await tryBucket(openBucket({ ...place, ...changed })).then(
        (can) => JSON.stringify(can),
        (thrown: unknown) => (thrown instanceof Error ? thrown.message : String(thrown)),
      );
    const host = `127.0.0.1:${of.port}`;
    expect(await tried({})).toBe('{"onlyNew":true}');
    expect(await Array.fromAsync(openBucket(place).list(""))).toEqual([]);
    expect(await tried({ bucket: "nobodys" })).toBe(
      `There is no bucket nobodys at ${host}; make it, or name another one in pictures.`,
    );
    const wrong = { ...s3Keys.all, secretAccessKey: "wrong" };
    expect(await tried({ keys: wrong })).toStartWith(
      `${host} does not take the keys for the bucket pictures (SignatureDoesNotMatch); set AWS_ACCESS_KEY_ID`,
    );
    expect(await tried({ keys: { accessKeyId: "nobody", secretAccessKey: "x" } })).toContain(
      "(InvalidAccessKeyId)",
    );
    expect(await tried({ keys: s3Keys.reader })).toBe(
      `${host} does not let these keys put in the bucket pictures (AccessDenied); give them the rights to put, get, delete and list there.`,
    );
    const web = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("<h1>Hello</h1>") });
    const page = `http://127.0.0.1:${web.port}`;
    expect(await tried({ endpoint: page })).toBe(
      "What was put into the bucket of the setting pictures does not come back from it; look whether s3_endpoint is the address of the S3 API.",
    );
    await web.stop(true);
    expect(await tried({ endpoint: page })).toStartWith(
      `The bucket pictures cannot be reached at ${new URL(page).host}: ECONNREFUSED.`,
    );
  }, 120_000);
}

test("a clock that is wrong is told as that, and not as keys without rights", async () => {
  let ahead = 0;
  // What Amazon and others answer to an address that is over, and to one that does not hold yet.
  const answer = (words: string): Response =>
    new Response(`<Error><Code>AccessDenied</Code><Message>${words}</Message></Error>`, {
      status: 403,
      headers: { date: new Date(Date.now() + 1000 * ahead).toUTCString() },
    });
  const web = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => answer("Request has expired") });
  const host = `127.0.0.1:${web.port}`;
  const place = { bucket: "pictures", prefix: "", endpoint: `http://${host}`, region: "", keys: s3Keys.all };
  const refused = async (seconds: number): Promise<unknown> => {
    ahead = seconds;
    return await openBucket(place)
      .get("x")
      .catch((thrown: unknown) => (thrown instanceof Error ? thrown.message : thrown));
  };
  const clock = (words: string): string =>
    `${host} refuses what is signed here, since its clock is ${words} this machine's; set the clocks.`;
  expect(await refused(3600)).toBe(clock("60 minutes ahead of"));
  expect(await refused(-1200)).toBe(clock("20 minutes behind"));
  expect(await refused(0)).toContain("give them the rights to put, get, delete and list there");
  await web.stop(true);
});

test("the address of a bucket, and what is none", () => {
  expect(bucketAddress("")).toBeUndefined();
  expect(bucketAddress("s3://pics")).toEqual({ bucket: "pics", prefix: "" });
  expect(bucketAddress(" s3://my.pics/a/b/ ")).toEqual({ bucket: "my.pics", prefix: "a/b/" });
  for (const said of ["pics", "s3://", "s3://P", "s3://pics//a", "s3://pics/../a", "https://s3/pics"])
    expect(() => bucketAddress(said)).toThrow("it takes s3://BUCKET");
  try {
    bucketAddress("s3://key:secret@pics");
  } catch (thrown) {
    expect(String(thrown)).not.toContain("secret");
  }
});
