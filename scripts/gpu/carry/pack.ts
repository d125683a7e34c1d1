/**
 * Packs all that the kit needs for a machine without a network into pieces that can be carried one by one.
 *
 *   npm run bun -- scripts/gpu/carry/pack.ts [--cuda FOLDER-or-WHEEL ...] [--torch-there] [--site WHEELS] [--out gpu-pack] [--piece 55]
 *
 * Writes OUT/01, OUT/02, ...: a piece each, of at most so many MiB, and beside it what joins them. On the other side, for each of them in any
 * order: `sh 01/unpack.sh`. `--torch-there` leaves out what a Python with torch brings (cuBLAS, cuDNN, cuRAND and so on), which the
 * kit finds by itself; `--site` takes a folder with wheels of pure Python, for diffusers.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { type Content, cut } from "./cut.ts";
import { type Library, librariesOf, withoutTorchs } from "./libraries.ts";
import { hashOf } from "./packed.ts";
import { treeTar } from "./tree.ts";

const { values: flags } = parseArgs({
  options: {
    cuda: { type: "string", multiple: true, default: [] },
    "torch-there": { type: "boolean", default: false },
    site: { type: "string", multiple: true, default: [] },
    out: { type: "string", default: "gpu-pack" },
    piece: { type: "string", default: "55" },
    level: { type: "string", default: "12" },
  },
});
const root = join(import.meta.dir, "../../..");
const level = Number(flags.level);
const most = Math.floor(Number(flags.piece) * 2 ** 20);
if (!(most > 0)) throw new Error(`--piece ${flags.piece} is no number of MiB`);
const commit = Bun.spawnSync(["git", "rev-parse", "HEAD"], { cwd: root }).stdout.toString().trim();

const named = new Map(
  flags.cuda
    .flatMap((path) => librariesOf(path))
    .map((library): [string, Library] => [library.name, library]),
);
const libraries = flags["torch-there"] ? withoutTorchs([...named.values()]) : [...named.values()];

/** Of a folder all wheels in it. */
const wheelsIn = (path: string): readonly string[] =>
  statSync(path).isDirectory()
    ? readdirSync(path)
        .filter((name) => name.endsWith(".whl"))
        .map((name) => join(path, name))
    : [path];

async function* contents(staging: string): AsyncGenerator<Content> {
  const bun = readFileSync(process.execPath);
  yield {
    parcel: { name: "bun", form: "gzip", to: "bun", sha256: hashOf(bun) },
    bytes: Bun.gzipSync(bun, { level: 9 }),
  };
  const tree = treeTar(root, flags.site.flatMap(wheelsIn), commit, staging);
  yield {
    parcel: { name: "tree", form: "tar.zstd", to: "tree", sha256: hashOf(tree) },
    bytes: Bun.zstdCompressSync(tree, { level }),
  };
  for (const { name, read } of libraries) {
    const bytes = read();
    yield {
      parcel: { name, form: "zstd", to: join("tree/.gpu/cuda", name), sha256: hashOf(bytes) },
      bytes: Bun.zstdCompressSync(bytes, { level }),
    };
  }
}

const staging = mkdtempSync(join(tmpdir(), "fooocusd-pack-"));
// A tar of all lies in it for a while.
process.on("exit", () => rmSync(staging, { recursive: true, force: true }));
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => process.exit(1));
const { parcels, pieces } = await cut(contents(staging), resolve(flags.out), { most, commit });
for (const { name, bytes } of parcels) process.stdout.write(`${(bytes / 2 ** 20).toFixed(1)} MiB  ${name}\n`);
const total = pieces.reduce((sum, { bytes }) => sum + bytes, 0) / 2 ** 20;
process.stdout.write(`${pieces.length} pieces, ${total.toFixed(1)} MiB in all, in ${resolve(flags.out)}\n`);
