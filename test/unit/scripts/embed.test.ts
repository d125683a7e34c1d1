import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Embedded } from "#/native/unpack.ts";
import { collect, embeddedModule } from "../../../scripts/build/embed.ts";

const root = mkdtempSync(join(tmpdir(), "embed-test-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

function put(path: string, text: string): void {
  mkdirSync(join(root, path, ".."), { recursive: true });
  writeFileSync(join(root, path), text);
}

const parts = {
  runtime: join(root, "node_modules/onnxruntime-node/bin/napi-v6/linux/x64"),
  vips: join(root, "node_modules/@img/sharp-libvips-linux-x64"),
};
const ort = "node_modules/onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime.so.1";
put(ort, "ort");
put("node_modules/@img/sharp-libvips-linux-x64/lib/libvips-cpp.so.8", "vips");
put("models/checkpoints/fooocusd-demo.safetensors", "demo");
put("models/loras/fooocusd-demo-lightning.safetensors", "lora");
put("models/checkpoints/fooocusd-demo.json", "{}");
put("models/checkpoints/somebody-elses.safetensors", "large");

async function load(): Promise<Embedded> {
  const module = join(root, `embedded-${crypto.randomUUID()}.js`);
  writeFileSync(module, embeddedModule(await collect(root, parts, join(root, "packed"))));
  const { embedded }: { embedded: Embedded } = await import(module);
  return embedded;
}

test("the module lists libraries with a symbol, shipped models only, and where their bytes lie", async () => {
  const { libraries, models } = await load();
  expect(libraries.files.map(({ path, symbol }) => [path, symbol])).toEqual([
    ["libonnxruntime.so.1", "OrtGetApiBase"],
    ["libvips-cpp.so.8", "vips_init"],
  ]);
  expect(models.files.map(({ path, size }) => [path, size])).toEqual([
    ["checkpoints/fooocusd-demo.json", 2],
    ["checkpoints/fooocusd-demo.safetensors", 4],
    ["loras/fooocusd-demo-lightning.safetensors", 4],
  ]);
  const unpacked = models.files.map(({ packed }) => Bun.zstdDecompressSync(readFileSync(packed)).toString());
  expect(unpacked).toEqual(["{}", "demo", "lora"]);
});

test("a changed library moves the libraries' folder and no other", async () => {
  const before = await load();
  put(ort, "newer");
  const after = await load();
  expect(after.libraries.hash).not.toBe(before.libraries.hash);
  expect(after.models.hash).toBe(before.models.hash);
});
