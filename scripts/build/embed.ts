import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { BunPlugin } from "bun";
import { hashOf, type PackedFile, pack } from "./pack.ts";

/** Where the parts of a binary lie that are machine code. */
export type NativeParts = Readonly<{
  /** The target's folder of onnxruntime-node. */
  runtime: string;
  /** The target's package of libvips. */
  vips: string;
  /** That of sharp's addon. */
  sharp: string;
}>;

/** Shared libraries, with one symbol each exports. */
const librariesOf = ({ runtime, vips }: Pick<NativeParts, "runtime" | "vips">) =>
  [
    { folder: runtime, pattern: "libonnxruntime.so.*", symbol: "OrtGetApiBase" },
    { folder: vips, pattern: "lib/libvips-cpp.so.*", symbol: "vips_init" },
  ] as const;

/** Only what the project ships is embedded, whatever else somebody keeps in `models/`. */
const models = "models/*/fooocusd-demo*.{safetensors,json}";

type Library = PackedFile & Readonly<{ symbol: string }>;
type Embedding = Readonly<{ libraries: readonly Library[]; models: readonly PackedFile[] }>;

/** Finds and compresses all that a binary unpacks when it starts. */
export async function collect(
  root: string,
  parts: Pick<NativeParts, "runtime" | "vips">,
  store: string,
): Promise<Embedding> {
  const found: Library[] = [];
  for (const { folder, pattern, symbol } of librariesOf(parts)) {
    const [file, ...others] = globSync(pattern, { cwd: folder });
    if (file === undefined || others.length > 0) {
      throw new Error(
        `build: expected one file for ${pattern} in ${folder}, found ${others.length + (file === undefined ? 0 : 1)}`,
      );
    }
    found.push({ ...(await pack(join(folder, file), basename(file), store)), symbol });
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
  const libEntries = libs.map((file, i) => entry(file, i, `, symbol: ${JSON.stringify(file.symbol)}`));
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
 * with plain `require`, which it can. The build lists an addon per system: only the target's is wanted. onnxruntime-node asks for
 * its addon by the system it finds itself on, which is not the target's where that is another.
 *
 * @param root  of the checkout
 * @param parts the target's
 */
export function addonPlugin(
  root: string,
  { sharp, runtime }: Pick<NativeParts, "sharp" | "runtime">,
): BunPlugin {
  return {
    name: "addons",
    setup(build) {
      build.onResolve({ filter: /^sharp$/ }, () => ({
        path: join(root, "node_modules/sharp/dist/index.cjs"),
      }));
      build.onLoad({ filter: /[/\\]sharp[/\\]dist[/\\]sharp\.cjs$/ }, () => {
        const [addon] = globSync("lib/*.node", { cwd: sharp });
        if (addon === undefined) throw new Error(`build: ${sharp} holds no addon`);
        return { contents: `module.exports = require(${JSON.stringify(join(sharp, addon))});`, loader: "js" };
      });
      build.onLoad({ filter: /[/\\]onnxruntime-node[/\\]dist[/\\]binding\.js$/ }, ({ path }) => {
        const asked = /require\(`[^`]*onnxruntime_binding\.node`\)/;
        const text = readFileSync(path, "utf8");
        if (!asked.test(text)) throw new Error(`build: ${path} does not ask for its addon as it used to`);
        const addon = JSON.stringify(join(runtime, "onnxruntime_binding.node"));
        return { contents: text.replace(asked, `require(${addon})`), loader: "js" };
      });
    },
  };
}
