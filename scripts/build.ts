/**
 * `npm run build`: dist/fooocusd, one file with the server, its libraries, its page and its demo model inside. For another machine than
 * this one `npm run build -- --target linux-arm64`: dist/fooocusd-linux-arm64.
 */
import { statSync } from "node:fs";
import { join } from "node:path";
import { buildBinary } from "./build/binary.ts";
import { targetOf } from "./build/targets.ts";

const root = join(import.meta.dir, "..");
const words = Bun.argv.slice(2);
const target = targetOf(words);
const out = join(root, words.length === 0 ? "dist/fooocusd" : `dist/fooocusd-${target}`);
await buildBinary({
  root,
  main: join(root, "src/main.ts"),
  worker: join(root, "src/engine/worker.ts"),
  out,
  target,
});
console.log(`${out}: ${(statSync(out).size / 1e6).toFixed(0)} MB`);
