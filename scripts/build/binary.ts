import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { addonPlugin, collect, embeddedModule, embedPlugin, type NativeParts } from "./embed.ts";
import { packageFolder } from "./package-folder.ts";
import { type Target, type TargetName, targets } from "./targets.ts";

/**
 * What is known when a binary is built. msgpackr (BullMQ's) looks for an addon that makes it faster: where the build's packages were, and
 * beside the program, where anything may lie.
 */
export const definedInBinary = { "process.env.MSGPACKR_NATIVE_ACCELERATION_DISABLED": '"true"' } as const;

/**
 * Bundles the two entry points with Bun itself into one executable.
 *
 * @param options.main   the entry that runs when the binary is started
 * @param options.worker the entry the engine's thread is started with
 * @param options.target what it runs on
 * @throws an AggregateError with Bun's messages when something does not bundle
 */
export async function buildBinary(options: {
  readonly root: string;
  readonly main: string;
  readonly worker: string;
  readonly out: string;
  readonly target: TargetName;
}): Promise<void> {
  const { root, main, worker, out } = options;
  const target = targets[options.target];
  mkdirSync(dirname(out), { recursive: true });
  const store = join(root, "node_modules/.cache/fooocusd-build");
  const parts = nativeParts(root, target, store);
  const embedding = await collect(root, parts, store);
  const result = await Bun.build({
    entrypoints: [main, worker],
    root: join(root, "src"),
    target: "bun",
    minify: { syntax: true, whitespace: true },
    sourcemap: "none",
    define: definedInBinary,
    // What a command does not need is not read for it, and what is read was compiled here: a start takes half of the time.
    splitting: true,
    format: "esm",
    bytecode: true,
    plugins: [embedPlugin(embeddedModule(embedding)), addonPlugin(root, parts)],
    compile: {
      target: target.bun,
      executablePath: join(packageFolder(root, target.runtime, store), "bin/bun"),
      outfile: out,
      autoloadDotenv: false,
      autoloadBunfig: false,
    },
  });
  for (const message of result.logs) console.error(message.message);
}

/** onnxruntime-node comes with the libraries of all its targets, sharp's are packages of their own. */
const nativeParts = (root: string, { arch }: Target, store: string): NativeParts => ({
  runtime: join(root, "node_modules/onnxruntime-node/bin/napi-v6/linux", arch),
  vips: packageFolder(root, `@img/sharp-libvips-linux-${arch}`, store),
  sharp: packageFolder(root, `@img/sharp-linux-${arch}`, store),
});
