import { afterAll, expect, test } from "bun:test";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Device } from "#/lib/devices.ts";
import { EngineError } from "#/lib/errors.ts";
import { libraryFolder } from "#/native/libraries.ts";
import { chooseDevice } from "#/runtime/choose-device.ts";

const scratch = mkdtempSync(join(tmpdir(), "providers-"));
afterAll(() => rmSync(scratch, { recursive: true }));

const cudaFiles = ["libonnxruntime_providers_shared.so", "libonnxruntime_providers_cuda.so"];

function folderWith(name: string, files: readonly string[]): string {
  const folder = join(scratch, name);
  mkdirSync(folder);
  for (const file of files) writeFileSync(join(folder, file), "this is no library");
  return folder;
}

/** A trial that notes what was tried, and fails for some. */
function trial(failing: Partial<Record<Device, string>>) {
  const tried: Device[] = [];
  const probe = async (device: Device): Promise<void> => {
    tried.push(device);
    const words = failing[device];
    if (words !== undefined) throw new Error(words);
  };
  return { tried, probe };
}

const withCuda = folderWith("both", cudaFiles);

test("auto takes CUDA where its libraries are and work, and tries nothing else", async () => {
  const { tried, probe } = trial({});
  expect(await chooseDevice("auto", withCuda, probe)).toEqual({ device: "cuda", refused: [] });
  expect(tried).toEqual(["cuda"]);
});

test("auto without CUDA's libraries is the CPU, and names the missing files", async () => {
  const { tried, probe } = trial({});
  const half = folderWith("half", cudaFiles.slice(0, 1));
  const { device, refused } = await chooseDevice("auto", half, probe);
  expect(device).toBe("cpu");
  expect(refused).toEqual([
    { device: "cuda", reason: `libonnxruntime_providers_cuda.so not found in ${half}`, installed: false },
  ]);
  expect(tried).toEqual([]); // the CPU needs no trial
  expect((await chooseDevice("auto", undefined, probe)).refused[0]?.reason).toContain("is not known");
});

test("auto with libraries that do not work falls back to the CPU and keeps the reason", async () => {
  const { probe } = trial({ cuda: "no CUDA-capable device is detected" });
  expect(await chooseDevice("auto", withCuda, probe)).toEqual({
    device: "cpu",
    refused: [{ device: "cuda", reason: "no CUDA-capable device is detected", installed: true }],
  });
});

test("a list is an order of preference, each tried once", async () => {
  const { tried, probe } = trial({ webgpu: "no adapter" });
  const { device, refused } = await chooseDevice(["webgpu", "cuda", "cpu"], withCuda, probe);
  expect(device).toBe("cuda");
  expect(refused.map((one) => one.device)).toEqual(["webgpu"]);
  expect(tried).toEqual(["webgpu", "cuda"]);
});

test("a list of which nothing works is refused with every reason and the way out", async () => {
  const { probe } = trial({ cuda: "driver too old", webgpu: "no adapter" });
  const choice = chooseDevice(["cuda", "webgpu"], withCuda, probe);
  await expect(choice).rejects.toThrow(EngineError);
  await expect(choice).rejects.toThrow(
    "None of the configured providers can be used (cuda: driver too old; webgpu: no adapter). Add cpu to the list.",
  );
});

type Answer = Readonly<{
  device?: string;
  refused?: readonly Readonly<{ device: string; reason: string }>[];
  error?: Readonly<{ code: string; message: string }>;
  lines: readonly string[];
}>;

/** The real runtime beside CUDA libraries that are none. */
async function inChild(providers: string): Promise<Answer> {
  const child = Bun.spawn([process.execPath, "test/support/device-child.ts", bogus, providers], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  return JSON.parse(await new Response(child.stdout).text());
}

const bogus = folderWith("bogus", cudaFiles);
if (process.platform === "linux")
  copyFileSync(join(libraryFolder(), "libonnxruntime.so.1"), join(bogus, "libonnxruntime.so.1"));

test.if(process.platform === "linux")(
  "real libraries that do not load: auto works on the CPU and says why in one line, an explicit list is refused",
  async () => {
    const { device, refused, lines } = await inChild("auto");
    expect(device).toBe("cpu");
    expect(refused?.[0]).toMatchObject({ device: "cuda", reason: expect.stringContaining("Failed to load") });
    expect(lines).toEqual([
      expect.stringMatching(/ warn  cuda cannot be used, the engine works on cpu reason=".*Failed to load/),
    ]);

    expect((await inChild("cuda,cpu")).device).toBe("cpu");
    const { error } = await inChild("cuda");
    expect(error).toMatchObject({
      code: "provider-missing",
      message: expect.stringContaining("Failed to load"),
    });
  },
  30_000,
);
