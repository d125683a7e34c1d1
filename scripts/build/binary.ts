import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { collect, embeddedModule, embedPlugin, sharpPlugin } from "./embed.ts";

/**
 * Bundles the two entry points with Bun itself into one executable for Linux x64.
 *
 * @param options.main   the entry that runs when the binary is started
 * @param options.worker the entry the engine's thread is started with
 * @throws an AggregateError with Bun's messages when something does not bundle
 */
export async function buildBinary(options: {
  readonly root: string;
  readonly main: string;
  readonly worker: string;
  readonly out: string;
}): Promise<void> {
  const { root, main, worker, out } = options;
  mkdirSync(dirname(out), { recursive: true });
  const embedding = await collect(root, join(root, "node_modules/.cache/fooocusd-build"));
  const result = await Bun.build({
    entrypoints: [main, worker],
    root: join(root, "src"),
    target: "bun",
    minify: { syntax: true, whitespace: true },
    sourcemap: "none",
    // What a command does not need is not read for it, and what is read was compiled here: a start takes half of the time.
    splitting: true,
    format: "esm",
    bytecode: true,
    plugins: [embedPlugin(embeddedModule(embedding)), sharpPlugin(root)],
    compile: { target: "bun-linux-x64", outfile: out, autoloadDotenv: false, autoloadBunfig: false },
  });
  for (const message of result.logs) console.error(message.message);
}
