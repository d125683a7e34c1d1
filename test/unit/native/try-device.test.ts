import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tryDevice } from "#/native/try-device.ts";
import { canStandIn, standInDriver, withoutCompiler } from "../../support/stand-in-driver.ts";
import { ownRuntime, standInProvider } from "../../support/stand-in-provider.ts";

setDefaultTimeout(120_000);

const scratch = mkdtempSync(join(tmpdir(), "fooocusd-trial-"));
const driver = canStandIn ? standInDriver() : undefined;
afterAll(() => {
  rmSync(scratch, { recursive: true, force: true });
  driver?.remove();
});

/** An engine's context on a provider that does this when it is loaded, in a process of its own. */
async function opened(deed: Parameters<typeof standInProvider>[1], wanted: string, seconds = 60) {
  const folder = mkdtempSync(join(scratch, `${deed}-`));
  const runtime = ownRuntime(join(folder, "runtime"));
  const cuda = standInProvider(join(folder, "cuda"), deed);
  const child = Bun.spawn(
    [process.execPath, "test/support/device-child.ts", runtime, wanted, cuda, String(seconds)],
    { env: { ...process.env, ...driver?.environment }, stdio: ["ignore", "pipe", "ignore"] },
  );
  const out = await new Response(child.stdout).text();
  return { ...JSON.parse(out), code: await child.exited };
}

const waysOut =
  "see whether nvidia-smi works, and whether fooocusd cuda --verify finds the libraries whole, or set providers to cpu.";
const ended = (how: string): string =>
  `ONNX Runtime's CUDA provider, or the driver below it, ended the process that tried it on a network of one node (${how}): ${waysOut}`;

for (const [deed, how] of [
  ["aborts", "SIGABRT"],
  ["crashes", "SIGSEGV"],
] as const)
  test.if(canStandIn)(
    `a provider that ${deed} ends its trial alone: the processor works, and the log says why${withoutCompiler}`,
    async () => {
      const { device, refused, lines, code } = await opened(deed, "auto");
      expect([device, code]).toEqual(["cpu", 0]);
      expect(refused).toEqual([{ device: "cuda", reason: ended(how) }]);
      expect(lines).toHaveLength(1);
      expect(lines[0]).toContain(" warn  cuda cannot be used, the engine works on cpu reason=");
    },
  );

test.if(canStandIn)(
  `a provider that crashes is no device where it is named alone${withoutCompiler}`,
  async () => {
    const { error } = await opened("aborts", "cuda");
    expect(error.code).toBe("provider-missing");
    expect(error.message).toContain(ended("SIGABRT").replace(/\.$/, ""));
  },
);

test.if(canStandIn)(`a provider that hangs is left after its time${withoutCompiler}`, async () => {
  const { device, refused } = await opened("hangs", "auto", 5);
  expect(device).toBe("cpu");
  expect(refused[0].reason).toBe(
    `ONNX Runtime's CUDA provider, or the driver below it, had not run a network of one node after 5 s: ${waysOut}`,
  );
});

test("the trial is this program's own: where no driver is to be had, it says in the runtime's words that there is no WebGPU", async () => {
  if (process.platform !== "linux") return;
  const environment = { ...process.env, VK_ICD_FILENAMES: "/nowhere", VK_DRIVER_FILES: "/nowhere" };
  expect(await tryDevice("webgpu", [], { environment })).toStartWith("Failed to get a WebGPU adapter");
});

test("a trial that ends without a word is told by its exit code", async () => {
  const refusal = await tryDevice("webgpu", [], {
    command: [process.execPath, "-e", "console.log('{}'); console.log('1'); process.exit(7)"],
  });
  expect(refusal).toBe(
    "ONNX Runtime's WebGPU provider, or the driver below it, ended the process that tried it on a network of one node (exit code 7): update the driver of the graphics card, or set providers to cpu.",
  );
});
