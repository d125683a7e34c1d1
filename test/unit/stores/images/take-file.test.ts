import { afterAll, expect, test } from "bun:test";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { takeFile } from "#/stores/images/take-file.ts";
import { smallDisk } from "../../../support/small-disk.ts";

const root = mkdtempSync(join(tmpdir(), "fooocusd-take-"));
const disk = smallDisk("64k");
afterAll(() => {
  disk.close();
  rmSync(root, { recursive: true, force: true });
});

test("a file gets a second name among ours, also one behind a link; what is there is not replaced", async () => {
  const old = join(root, "old.png");
  writeFileSync(old, "picture");
  const link = join(root, "link.png");
  symlinkSync(old, link);
  const ours = join(root, "ours");
  expect(await takeFile(link, ours, "2024-01-01", "a.png")).toEqual({ name: "a.png", isNew: true });
  expect(statSync(join(ours, "2024-01-01/a.png")).ino).toBe(statSync(old).ino);
  expect(await takeFile(old, ours, "2024-01-01", "a.png")).toEqual({ name: "a.png", isNew: false });

  const other = join(root, "other.png");
  writeFileSync(other, "another");
  expect(await takeFile(other, ours, "2024-01-01", "a.png")).toEqual({ name: "a-2.png", isNew: true });
  expect(await takeFile(other, ours, "2024-01-01", "a.png")).toEqual({ name: "a-2.png", isNew: false });
  expect(readFileSync(join(ours, "2024-01-01/a.png"), "utf8")).toBe("picture");
  expect(readdirSync(ours)).toEqual(["2024-01-01"]);
});

test.skipIf(!disk.mounted)(`onto another disk it is copied whole, or not at all${disk.why}`, async () => {
  const old = join(root, "copied.png");
  writeFileSync(old, "picture", { mode: 0o444 });
  expect(await takeFile(old, disk.folder, "", "a.png")).toEqual({ name: "a.png", isNew: true });
  expect(readFileSync(join(disk.folder, "a.png"), "utf8")).toBe("picture");
  expect(await takeFile(old, disk.folder, "", "a.png")).toEqual({ name: "a.png", isNew: false });
  const large = join(root, "large.png");
  writeFileSync(large, new Uint8Array(200_000));
  await expect(takeFile(large, disk.folder, "", "b.png")).rejects.toThrow("could not be taken into");
  expect(readdirSync(disk.folder).toSorted()).toEqual([".drafts", "a.png"]);
  expect(readdirSync(join(disk.folder, ".drafts"))).toEqual([]);
  mkdirSync(join(disk.folder, "c.png"));
  expect((await takeFile(old, disk.folder, "", "c.png")).name).toBe("c-2.png");
});
