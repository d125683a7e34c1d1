import { expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "#/lib/temporary-folder.ts";
import { definedInBinary } from "../../scripts/build/binary.ts";
import { noRedis, ownRedis } from "../support/own-redis.ts";

const root = join(import.meta.dir, "../..");

test.skipIf(noRedis !== undefined)(
  "a fleet works in a binary, and loads no addon from the disk",
  async () => {
    const redis = await ownRedis();
    const folder = temporaryFolder("fleet-binary");
    const [outfile, empty] = [join(folder.path, "program"), join(folder.path, "empty")];
    mkdirSync(empty);
    // As scripts/build/binary.ts builds.
    await Bun.build({
      entrypoints: [join(root, "test/support/fleet-child.ts")],
      root,
      target: "bun",
      minify: { syntax: true, whitespace: true },
      splitting: true,
      format: "esm",
      bytecode: true,
      define: definedInBinary,
      compile: { outfile, autoloadDotenv: false, autoloadBunfig: false },
    });
    const child = Bun.spawn([outfile, redis.url], {
      cwd: empty,
      env: { HOME: empty, PATH: "/usr/bin:/bin" },
      stdout: "pipe",
      stderr: "pipe",
    });
    const [said, complaints] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
    ]);
    expect(complaints).toBe("");
    expect(JSON.parse(said)).toEqual({
      kept: true,
      done: true,
      recovered: [],
      // It would have been found: this checkout is where the program was built.
      addons: [],
      previews: [20_000],
      seed: "18446744073709551615",
    });
    await redis.close();
    folder.remove();
  },
);
