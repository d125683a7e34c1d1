import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import type { ImageFacts } from "#/engine/protocol.ts";
import { newTaskId } from "#/lib/task-id.ts";
import type { ImageStore } from "#/stores/images.ts";

const bytes = new TextEncoder().encode("a picture");
const at = new Date(2026, 10, 23, 9, 5, 7);

/** A moment before which all of this was written. */
const later = Date.now() + 3_600_000;

const unnamed = (): boolean => false;

/** What an engine tells of a picture, as little as there may be. */
const facts: ImageFacts = {
  seed: 12345678901234567890n,
  timings: { loading: 0, encoding: 1, denoising: 2, decoding: 3 },
};

/** What every image store must do; `open` gives an empty one. */
export function imagesSuite(name: string, open: () => ImageStore | Promise<ImageStore>): void {
  test(`${name}: an output is named by day and time, and found again`, async () => {
    const images = await open();
    const kept = await images.put(bytes, "png", at);
    expect(kept.folder).toBe("2026-11-23");
    expect(kept.name).toMatch(/^2026-11-23_09-05-07_\d{4}\.png$/);
    expect(readFileSync((await images.output(kept.folder, kept.name)) ?? "")).toEqual(Buffer.from(bytes));
  });

  test(`${name}: a name of the client's own replaces nothing`, async () => {
    const images = await open();
    const names = [];
    for (let i = 0; i < 3; i += 1) names.push((await images.put(bytes, "webp", at, "mine-0")).name);
    expect(names).toEqual(["mine-0.webp", "mine-0-2.webp", "mine-0-3.webp"]);
  });

  test(`${name}: the same input is kept once, under the hash of its base64 text`, async () => {
    const images = await open();
    const [one, two] = [await images.putInput(bytes), await images.putInput(bytes)];
    const hash = new Bun.CryptoHasher("sha256").update(Buffer.from(bytes).toString("base64")).digest("hex");
    expect([one, two]).toEqual([`${hash}.png`, `${hash}.png`]);
    expect(readFileSync((await images.input(one)) ?? "")).toEqual(Buffer.from(bytes));
  });

  test(`${name}: nothing outside is found or removed, whatever the name`, async () => {
    const images = await open();
    const kept = await images.put(bytes, "png", at);
    const climbing = ["..", ".", "../x", "a/../../x.png", "/etc/passwd", "", "a\0.png", ".hidden.png"];
    for (const name of climbing) {
      const found = [
        await images.output(name, "x.png"),
        await images.output(kept.folder, name),
        await images.input(name),
      ];
      expect(found).toEqual([undefined, undefined, undefined]);
    }
    for (const name of climbing) {
      expect(await images.remove({ folder: name, name: "passwd" }, later)).toBe(false);
      expect(await images.removeInput(name, unnamed)).toBe(false);
    }
    expect(await images.output(kept.folder, kept.name)).toBeDefined();
  });

  test(`${name}: removing says whether it was there`, async () => {
    const images = await open();
    const kept = await images.put(bytes, "png", at);
    expect([await images.remove(kept, later), await images.remove(kept, later)]).toEqual([true, false]);
    expect(await images.output(kept.folder, kept.name)).toBeUndefined();
    const input = await images.putInput(bytes);
    const removed = [await images.removeInput(input, unnamed), await images.removeInput(input, unnamed)];
    expect(removed).toEqual([true, false]);
    expect(await images.input(input)).toBeUndefined();
  });

  test(`${name}: a picture that was written under the name since is another one, and stays`, async () => {
    const images = await open();
    const kept = await images.put(bytes, "png", at);
    expect(await images.remove(kept, Date.now() - 120_000)).toBe(false);
    expect(await images.output(kept.folder, kept.name)).toBeDefined();
  });

  test(`${name}: an input that something names stays`, async () => {
    const images = await open();
    const input = await images.putInput(bytes);
    expect(await images.removeInput(input, () => true)).toBe(false);
    expect(await images.removeInput(input, async () => true)).toBe(false);
    expect(await images.input(input)).toBeDefined();
  });

  test(`${name}: what names an input and what deletes it take turns, whoever comes first`, async () => {
    const images = await open();
    const input = await images.putInput(bytes);
    const another = await images.putInput(new Uint8Array(7));
    let isNamed = false;
    const [begun, naming] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const named = images.withInputs([input, another], async () => {
      begun.resolve();
      await naming.promise;
      isNamed = true;
      return "named";
    });
    await begun.promise;
    const removal = images.removeInput(input, () => isNamed);
    await Bun.sleep(20);
    naming.resolve();
    expect([await named, await removal]).toEqual(["named", false]);
    expect(readFileSync((await images.input(input)) ?? "")).toEqual(Buffer.from(bytes));
    isNamed = false;
    const gone = images.removeInput(input, () => isNamed);
    const late = images.withInputs([input], () => Promise.reject(new Error("it was not there")));
    expect([await gone, await late]).toEqual([true, undefined]);
  });

  test(`${name}: two that name the same inputs in other orders do not wait for each other for ever`, async () => {
    const images = await open();
    const [a, b] = [await images.putInput(bytes), await images.putInput(new Uint8Array(7))];
    const work = async (): Promise<string> => {
      await Bun.sleep(5);
      return "done";
    };
    const both = [images.withInputs([a, b, a], work), images.withInputs([b, a], work)];
    expect(await Promise.all(both)).toEqual(["done", "done"]);
    await expect(images.withInputs([a], () => Promise.reject(new Error("no row")))).rejects.toThrow("no row");
    expect(await images.withInputs([a], work)).toBe("done");
  });

  test(`${name}: sizes of outputs, and inputs that came before a moment`, async () => {
    const images = await open();
    const kept = await images.put(bytes, "png", at);
    expect([await images.sizeOf(kept), await images.sizeOf({ ...kept, name: "other.png" })]).toEqual([
      bytes.length,
      0,
    ]);
    const input = await images.putInput(bytes);
    expect(await Array.fromAsync(images.inputsBefore(later))).toEqual([input]);
    expect(await Array.fromAsync(images.inputsBefore(Date.now() - 3_600_000))).toEqual([]);
  });

  test(`${name}: pictures on their way are kept pass by pass, and forgotten with their tasks`, async () => {
    const { onTheWay } = await open();
    const [one, two] = [newTaskId(), newTaskId()];
    const first = await onTheWay.keep(one, 0, { done: 0, by: null, facts, png: bytes });
    expect(readFileSync(first.path)).toEqual(Buffer.from(bytes));
    await onTheWay.keep(one, 0, { done: 1, by: 0, facts, png: new Uint8Array([1, 2]) });
    await onTheWay.keep(one, 0, { done: 2, by: 0, facts });
    await onTheWay.keep(one, 1, { done: 0, by: null, facts, png: bytes });
    await onTheWay.keep(two, 0, { done: 0, by: null, facts, png: bytes });
    const kept = await onTheWay.of(one);
    const states = [...kept].map(
      ([picture, { done, by, facts: said }]) => [picture, done, by, said] as const,
    );
    expect(states.toSorted(([a], [b]) => a - b)).toEqual([
      [0, 2, 0, facts],
      [1, 0, null, facts],
    ]);
    expect([...readFileSync(kept.get(0)?.path ?? "")]).toEqual([1, 2]);
    await onTheWay.drop(one);
    expect([(await onTheWay.of(one)).size, (await onTheWay.of(two)).size]).toEqual([0, 1]);
    await onTheWay.dropOthers([two]);
    expect((await onTheWay.of(two)).size).toBe(1);
  });
}
