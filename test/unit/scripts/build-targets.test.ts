import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packageFolder, refuseOther } from "../../../scripts/build/package-folder.ts";
import { targetOf } from "../../../scripts/build/targets.ts";

const root = mkdtempSync(join(tmpdir(), "targets-test-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

test("the target is this machine's, or the one that is named; others are refused with those there are", () => {
  expect(targetOf([], "linux-x64")).toBe("linux-x64");
  expect(targetOf(["--target", "linux-arm64"])).toBe("linux-arm64");
  expect(targetOf(["--target=linux-arm64"])).toBe("linux-arm64");
  for (const words of [["--target"], ["--target", "win32-x64"], ["linux-arm64"], ["--target", "constructor"]])
    expect(() => targetOf(words)).toThrow("--target takes one of linux-x64, linux-arm64");
  expect(() => targetOf([], "sunos-sparc")).toThrow('"sunos-sparc"');
});

test("a package is taken as it is installed, else only as it is pinned", () => {
  const store = join(root, "store");
  mkdirSync(join(root, "node_modules/@a/there"), { recursive: true });
  writeFileSync(join(root, "node_modules/@a/there/package.json"), "{}");
  writeFileSync(
    join(root, "package-lock.json"),
    '{"packages": {"node_modules/@a/there": {"version": "1.0.0"}}}',
  );
  expect(packageFolder(root, "@a/there", store)).toBe(join(root, "node_modules/@a/there"));
  expect(() => packageFolder(root, "@a/absent", store)).toThrow("package-lock.json does not pin @a/absent");
});

test("an archive that is not the pinned one is refused", () => {
  const archive = join(root, "archive.tgz");
  writeFileSync(archive, "an archive");
  const digest = new Bun.CryptoHasher("sha512").update("an archive").digest("base64");
  refuseOther(archive, `sha512-${digest}`, "it");
  writeFileSync(archive, "another archive");
  expect(() => refuseOther(archive, `sha512-${digest}`, "it")).toThrow(
    "not the archive that package-lock.json pins",
  );
});
