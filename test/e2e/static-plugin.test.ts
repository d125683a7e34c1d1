import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/*
 * Why the dashboard is answered from a text and not by @elysiajs/static: the other half of test/contract/static-plugin.test.ts.
 */

const root = join(import.meta.dir, "../..");
const folder = mkdtempSync(join(tmpdir(), "fooocusd-static-binary-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const program = `
import { Elysia } from ${JSON.stringify(join(root, "node_modules/elysia"))};
import { staticPlugin } from ${JSON.stringify(join(root, "node_modules/@elysiajs/static"))};
import page from "./index.html" with { type: "file" };
import other from "./private.bin" with { type: "file" };
const assets = import.meta.dir;
const app = new Elysia().use(await staticPlugin({ assets, prefix: "/page", alwaysStatic: true }));
const paths = app.routes.map(({ path }) => path);
console.log(JSON.stringify({ assets, page, other, paths }));
process.exit(0);
`;

test("in a binary it offers all that is embedded, the program included, under names with hashes", async () => {
  writeFileSync(join(folder, "index.html"), "<p>page");
  writeFileSync(join(folder, "private.bin"), "a library");
  writeFileSync(join(folder, "main.ts"), program);
  const outfile = join(folder, "program");
  await Bun.build({ entrypoints: [join(folder, "main.ts")], target: "bun", compile: { outfile } });
  const { stdout } = Bun.spawnSync([outfile], { cwd: folder });
  const said: Readonly<Record<"assets" | "page" | "other", string> & { paths: readonly string[] }> =
    JSON.parse(stdout.toString());
  const name = (path: string) => path.slice(path.lastIndexOf("/") + 1);
  expect(said.assets).toBe("/$bunfs/root");
  expect(name(said.page)).toMatch(/^index-[0-9a-z]+\.html$/);
  expect(said.paths.toSorted()).toEqual(
    ["program", name(said.page), name(said.other)].map((one) => `/page/${one}`).toSorted(),
  );
});
