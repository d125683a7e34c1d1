import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLog } from "#/lib/log.ts";
import { DerivedFiles } from "#/runtime/derived-files.ts";
import { readWeight } from "#/weights/read-weights.ts";
import { derivedOf } from "../../support/derived-of.ts";
import { stored, writeTensors } from "../../support/write-safetensors.ts";

const root = mkdtempSync(join(tmpdir(), "derived-processes-"));
afterAll(() => rmSync(root, { recursive: true }));

const child = join(import.meta.dir, "../../support/derived-child.ts");
const sources = Array.from({ length: 5 }, (_, n) =>
  writeTensors(join(root, `${n}.safetensors`), {
    a: stored("F32", [64, 64], new Float32Array(4096).fill(n + 1)),
  }),
);
const { size } = derivedOf(sources[0]!);

const start = (what: string, folder: string, budget: number, own: readonly string[]) =>
  Bun.spawn([process.execPath, child, what, folder, String(budget), ...own], {
    stdout: "pipe",
    stderr: "pipe",
  });

/** Makes every file look as if it had not been used for long, so that it may go. */
function age(folder: string): void {
  for (const name of readdirSync(folder).filter((each) => each.endsWith(".safetensors")))
    try {
      utimesSync(join(folder, name), 1, 1);
    } catch {
      // It went meanwhile, which is what this is for.
    }
}

test("servers that make and remove files in one folder all get what they ask for, whole", async () => {
  const folder = mkdtempSync(join(root, "shared-"));
  const budget = 2 * size;
  const servers = Array.from({ length: 3 }, () => start("200", folder, budget, sources));
  const aging = setInterval(() => age(folder), 1);
  const ends = await Promise.all(
    servers.map(async ({ exited, stdout, stderr }) => {
      const [out, err] = await Promise.all([new Response(stdout).text(), new Response(stderr).text()]);
      return [await exited, out, err];
    }),
  );
  clearInterval(aging);
  expect(ends).toEqual(servers.map(() => [0, "done\n", ""]));
  expect(readdirSync(folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  // Once nobody uses them, the next that writes brings the folder under its limit.
  age(folder);
  const last = new DerivedFiles({ folder, budget: 0 }, silentLog);
  await last.of(
    derivedOf(writeTensors(join(root, "last.safetensors"), { a: stored("F32", [2, 2], [1, 2, 3, 4]) })),
    () => false,
  );
  expect(readdirSync(folder).filter((name) => name.endsWith(".safetensors"))).toHaveLength(1);
}, 60_000);

test("a server that is killed while it writes leaves a draft, which nobody takes for the file and the next sweeps away", async () => {
  const folder = mkdtempSync(join(root, "killed-"));
  const server = start("stop-half", folder, 100 * size, sources);
  const reader = server.stdout.getReader();
  expect(new TextDecoder().decode((await reader.read()).value)).toBe("half\n");
  server.kill("SIGKILL");
  await server.exited;
  const drafts = (): string[] => readdirSync(folder).filter((name) => name.endsWith(".tmp"));
  const [draft = ""] = drafts();
  expect(readFileSync(join(folder, draft), "utf8")).toBe("half of a file");

  const next = new DerivedFiles({ folder, budget: 100 * size }, silentLog);
  const ref = await next.of(derivedOf(sources[0]!), () => false);
  expect([...readWeight(ref)]).toEqual(Array.from({ length: 4096 }, () => 1));
  expect(drafts()).toEqual([draft]); // it may be a live server's yet
  utimesSync(join(folder, draft), 1, 1);
  await next.of(derivedOf(sources[1]!), () => false);
  expect(drafts()).toEqual([]);
});

test("a file that another server removes is made again, however often", async () => {
  const folder = mkdtempSync(join(root, "removed-"));
  const files = new DerivedFiles({ folder, budget: 100 * size }, silentLog);
  const derived = derivedOf(sources[2]!);
  const first = await files.of(derived, () => false);
  rmSync(first.path);
  const again = await files.of(derived, () => false);
  expect([again.path, statSync(again.path).size]).toEqual([first.path, size]);
  // Removed between writing and opening, twice.
  let removals = 0;
  const read = (path: string) => {
    const found = derived.read(path);
    if (found === undefined || removals === 2) return found;
    removals += 1;
    rmSync(path);
    return undefined;
  };
  expect(await files.of({ ...derived, read }, () => false)).toEqual(first);
  expect(removals).toBe(2);
});
