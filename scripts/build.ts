/** `npm run build`: dist/fooocusd, one file with the server, its libraries, its page and its demo model inside. */
import { statSync } from "node:fs";
import { join } from "node:path";
import { buildBinary } from "./build/binary.ts";

const root = join(import.meta.dir, "..");
const out = join(root, "dist/fooocusd");
await buildBinary({
  root,
  main: join(root, "src/main.ts"),
  worker: join(root, "src/engine/worker.ts"),
  out,
});
console.log(`${out}: ${(statSync(out).size / 1e6).toFixed(0)} MB`);
