import { globSync } from "node:fs";
import { basename, join } from "node:path";
import type { BunPlugin } from "bun";
import { hashOf, type PackedFile, pack } from "./pack.ts";

/** Shared libraries by where npm puts them, with one symbol each exports. */
const libraries = [
  {
    pattern: "node_modules/onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime.so.*",
    symbol: "OrtGetApiBase",
  },
  { pattern: "node_modules/@img/sharp-libvips-linux-x64/lib/libvips-cpp.so.*", symbol: "vips_init" },
] as const;

/** Only what the project ships is embedded, whatever else somebody keeps in `models/`. */
const models = "models/*/fooocusd-demo*.{safetensors,json}";

type Embedding = Readonly<{ libraries: readonly PackedFile[]; models: readonly PackedFile[] }>;

/** Finds and compresses all that a binary unpacks when it starts. */
export async function collect(root: string, store: string): Promise<Embedding> {
  const found: PackedFile[] = [];
  for (const { pattern } of libraries) {
    const [file, ...others] = globSync(pattern, { cwd: root });
    if (file === undefined || others.length > 0) {
      throw new Error(
        `build: expected one file for ${pattern}, found ${others.length + (file === undefined ? 0 : 1)}`,
      );
    }
    found.push(await pack(join(root, file), basename(file), store));
  }
  const shipped: PackedFile[] = [];
  for (const file of globSync(models, { cwd: root }).toSorted()) {
    shipped.push(await pack(join(root, file), file.slice("models/".length), store));
  }
  return { libraries: found, models: shipped };
}

/** The text that takes the place of src/native/embedded.ts: a file import per packed file, and their list. */
export function embeddedModule({ libraries: libs, models: shipped }: Embedding): string {
  const files = [...libs, ...shipped];
  const imports = files.map(
    ({ packed }, i) => `import f${i} from ${JSON.stringify(packed)} with { type: "file" };`,
  );
  const entry = (file: PackedFile, i: number, extra = "") =>
    `{ path: ${JSON.stringify(file.path)}, size: ${file.size}, packed: f${i}${extra} }`;
  const libEntries = libs.map((file, i) =>
    entry(file, i, `, symbol: ${JSON.stringify(libraries[i]?.symbol)}`),
  );
  const modelEntries = shipped.map((file, i) => entry(file, libs.length + i));
  return [
    ...imports,
    "export const embedded = {",
    `  libraries: { hash: "${hashOf(libs)}", files: [${libEntries.join(", ")}] },`,
    `  models: { hash: "${hashOf(shipped)}", files: [${modelEntries.join(", ")}] },`,
    "};",
    "",
  ].join("\n");
}

/** Bundles `embeddedModule` in place of the checkout's src/native/embedded.ts. */
export function embedPlugin(text: string): BunPlugin {
  return {
    name: "embed",
    setup(build) {
      build.onLoad({ filter: /[/\\]src[/\\]native[/\\]embedded\.ts$/ }, () => ({
        contents: text,
        loader: "js",
      }));
    },
  };
}

/**
 * sharp's ES modules find their addon through `createRequire`, which a bundler cannot follow; its CommonJS build asks
 * with plain `require`, which it can. The build lists an addon per system: only this one's is wanted.
 */
export function sharpPlugin(root: string): BunPlugin {
  return {
    name: "sharp",
    setup(build) {
      build.onResolve({ filter: /^sharp$/ }, () => ({
        path: join(root, "node_modules/sharp/dist/index.cjs"),
      }));
      build.onLoad({ filter: /[/\\]sharp[/\\]dist[/\\]sharp\.cjs$/ }, () => {
        const [addon] = globSync("node_modules/@img/sharp-linux-x64/lib/*.node", { cwd: root });
        if (addon === undefined) throw new Error("build: @img/sharp-linux-x64 holds no addon");
        return { contents: `module.exports = require(${JSON.stringify(join(root, addon))});`, loader: "js" };
      });
    },
  };
}
