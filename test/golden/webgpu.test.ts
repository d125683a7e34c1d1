import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tryDevice } from "#/native/try-device.ts";
import type { Compared } from "../support/elsewhere.ts";

/**
 * WebGPU on a Vulkan device in software, SwiftShader, that Debian's package of Chromium has: real kernels of ONNX Runtime, and shaders
 * without half-precision numbers. Minutes, so it runs a few goldens of small networks; each child is held to the processor's own bounds.
 */
const chromium = "/usr/lib/chromium";
const driver = join(chromium, "vk_swiftshader_icd.json");
const isThere = [driver, join(chromium, "libvulkan.so.1")].every((path) => existsSync(path));
const without = isThere ? "" : " (skipped: there is no SwiftShader, which Debian's chromium has)";
const environment = { ...process.env, VK_ICD_FILENAMES: driver, LD_LIBRARY_PATH: chromium };

setDefaultTimeout(600_000);

const folder = mkdtempSync(join(tmpdir(), "fooocusd-webgpu-"));
afterAll(() => rmSync(folder, { recursive: true }));

test.if(isThere)(`the trial of a device takes one without half-precision numbers${without}`, async () => {
  expect(await tryDevice("webgpu", [], { environment })).toBeUndefined();
});

/** Golden test, those of its tests that run, and what must have been compared. */
const cases = [
  ["networks", "text encoders, weights packed", ["text.hidden_l_1", "text.hidden_g_2", "text.pooled"]],
  ["captions", "the decoder", ["blip.scores", "blip.next"]],
  ["previews", "makes previews", ["approximation.image", "tiny.image"]],
] as const;

for (const [name, pattern, keys] of cases)
  test.if(isThere)(
    `${name} on WebGPU, weights in half precision: within the processor's bounds${without}`,
    async () => {
      const record = join(folder, `${name}.jsonl`);
      const child = Bun.spawn(
        [process.execPath, "test", `./test/golden/${name}.test.ts`, "-t", pattern, "--timeout=600000"],
        {
          env: { ...environment, GOLDEN_DEVICE: "webgpu", GOLDEN_RECORD: record },
          stdio: ["ignore", "ignore", "pipe"],
        },
      );
      const [words] = await Promise.all([new Response(child.stderr).text(), child.exited]);
      expect(words).not.toContain("(fail)");
      const lines = readFileSync(record, "utf8").trim().split("\n");
      const rows = lines.map((line): Compared => JSON.parse(line));
      expect([...new Set(rows.map(({ key }) => key))]).toEqual(expect.arrayContaining([...keys]));
      expect(rows.filter(({ off, bound }) => off === null || off > bound)).toEqual([]);
    },
  );
