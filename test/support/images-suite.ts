import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import type { ImageStore } from "#/stores/images.ts";

const bytes = new TextEncoder().encode("a picture");
const at = new Date(2026, 10, 23, 9, 5, 7);

/** A moment before which all of this was written. */
const later = Date.now() + 3_600_000;

/** What every image store must do; `open` gives an empty one. */
export function imagesSuite(name: string, open: () => ImageStore): void {
  test(`${name}: an output is named by day and time, and found again`, async () => {
    const images = open();
    const kept = await images.put(bytes, "png", at);
    expect(kept.folder).toBe("2026-11-23");
    expect(kept.name).toMatch(/^2026-11-23_09-05-07_\d{4}\.png$/);
    expect(readFileSync(images.output(kept.folder, kept.name) ?? "")).toEqual(Buffer.from(bytes));
  });

  test(`${name}: a name of the client's own replaces nothing`, async () => {
    const images = open();
    const names = [];
    for (let i = 0; i < 3; i += 1) names.push((await images.put(bytes, "webp", at, "mine-0")).name);
    expect(names).toEqual(["mine-0.webp", "mine-0-2.webp", "mine-0-3.webp"]);
  });

  test(`${name}: the same input is kept once, under the hash of its base64 text`, async () => {
    const images = open();
    const [one, two] = [await images.putInput(bytes), await images.putInput(bytes)];
    const hash = new Bun.CryptoHasher("sha256").update(Buffer.from(bytes).toString("base64")).digest("hex");
    expect([one, two]).toEqual([`${hash}.png`, `${hash}.png`]);
    expect(readFileSync(images.input(one) ?? "")).toEqual(Buffer.from(bytes));
  });

  test(`${name}: nothing outside is found or removed, whatever the name`, async () => {
    const images = open();
    const kept = await images.put(bytes, "png", at);
    const climbing = ["..", ".", "../x", "a/../../x.png", "/etc/passwd", "", "a\0.png", ".hidden.png"];
    for (const name of climbing) {
      expect([images.output(name, "x.png"), images.output(kept.folder, name), images.input(name)]).toEqual([
        undefined,
        undefined,
        undefined,
      ]);
    }
    for (const name of climbing) {
      expect(await images.remove({ folder: name, name: "passwd" }, later)).toBe(false);
      expect(images.removeInput(name)).toBe(false);
    }
    expect(images.output(kept.folder, kept.name)).toBeDefined();
  });

  test(`${name}: removing says whether it was there`, async () => {
    const images = open();
    const kept = await images.put(bytes, "png", at);
    expect([await images.remove(kept, later), await images.remove(kept, later)]).toEqual([true, false]);
    expect(images.output(kept.folder, kept.name)).toBeUndefined();
    const input = await images.putInput(bytes);
    expect([images.removeInput(input), images.removeInput(input)]).toEqual([true, false]);
    expect(images.input(input)).toBeUndefined();
  });

  test(`${name}: a picture that was written under the name since is another one, and stays`, async () => {
    const images = open();
    const kept = await images.put(bytes, "png", at);
    expect(await images.remove(kept, Date.now() - 120_000)).toBe(false);
    expect(images.output(kept.folder, kept.name)).toBeDefined();
  });
}
