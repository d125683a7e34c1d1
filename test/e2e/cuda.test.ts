import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cudaSet } from "#/native/cuda/set.ts";
import { startBinary } from "../support/binary.ts";
import { liveClient } from "../support/live-client.ts";
import { runBinary } from "../support/run-binary.ts";
import { canStandIn, standInDriver, withoutCompiler } from "../support/stand-in-driver.ts";
import { standInProvider } from "../support/stand-in-provider.ts";

setDefaultTimeout(300_000);

const folder = mkdtempSync(join(tmpdir(), "fooocusd-gpu-"));
const driver = canStandIn ? standInDriver() : undefined;
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  driver?.remove();
});

/** Where the real wheels lie: 1.2 GB that nobody fetches for a test. */
const wheels = process.env["CUDA_WHEELS"];
const hasWheels = wheels !== undefined && cudaSet.wheels.every(({ file }) => existsSync(join(wheels, file)));
const withoutWheels = hasWheels ? withoutCompiler : " (skipped: CUDA_WHEELS names no folder with the wheels)";

const isLinux = process.platform === "linux" && process.arch === "x64";
const noDriver = "There is no NVIDIA driver (libcuda.so.1)";
const small = ["--set", "overwrite_width=256", "--set", "overwrite_height=256", "--set", "overwrite_step=1"];
const drawing = [
  "generate",
  "a circle",
  "--set",
  "base_model_name=fooocusd-demo.safetensors",
  ...small,
  "--force",
];

const own = (name: string): string => {
  const path = join(folder, name);
  mkdirSync(path);
  return path;
};

test.if(isLinux)(
  "without driver and libraries cuda says what is missing and where it is to be had, and unpacks nothing",
  async () => {
    const place = own("nothing");
    const { code, out, err } = await runBinary(place, ["cuda"]);
    expect([code, err]).toEqual([1, ""]);
    for (const { file } of cudaSet.wheels) expect(out).toContain(file);
    expect(out).toContain("fooocusd cuda add --fetch    fetches 1.19 GB");
    expect(existsSync(join(place, "home/.cache"))).toBe(false);
    const json = JSON.parse((await runBinary(place, ["cuda", "--json"])).out);
    expect(json).toMatchObject({
      usable: false,
      installed: false,
      missing: cudaSet.wheels.map(({ file, sha256 }) => ({ file, sha256 })),
    });
    expect((await runBinary(place, ["cuda", "remove"])).err).toBe(
      "cuda remove? There is fooocusd cuda, and fooocusd cuda add.\n",
    );
  },
);

test.if(isLinux)("a server for cuda alone does not start without, and makes no folder", async () => {
  const place = own("alone");
  const { code, err } = await runBinary(place, ["--providers", "cuda", "--port", "0"]);
  expect(code).toBe(1);
  expect(err).toContain("providers is cuda alone, and CUDA cannot be used.");
  expect(err).toContain("fooocusd cuda add --fetch");
  expect(readdirSync(place)).toEqual(["home"]);
});

test.if(canStandIn)(
  `a driver without libraries is told by log, record and doctor, and the processor draws${withoutCompiler}`,
  async () => {
    const place = own("driver");
    const drawn = await runBinary(
      place,
      [...drawing, "--providers", "cuda,cpu", "-o", "x.png"],
      driver?.environment,
    );
    expect(drawn.code).toBe(0);
    const sentence = "fooocusd cuda add --fetch, or fooocusd cuda add FOLDER with the wheels in it.";
    expect(drawn.err).toMatch(/warn {2}cuda cannot be used, the engine works on cpu/);
    expect(drawn.err).toContain(
      `Drawn on cpu instead of cuda, single values may be rounded otherwise. CUDA's libraries are not in cuda-1.30.0-13: ${sentence}`,
    );
    const { out } = await runBinary(place, ["doctor", "--port", "0"], driver?.environment);
    expect(out).not.toContain(noDriver);
    const alone = await runBinary(place, ["cuda"], driver?.environment);
    expect(alone.out).toContain("Stand-in 0, 12 GB (11 GB free), compute capability 8.6");
  },
);

test.if(canStandIn)(
  `a provider that crashes when it is loaded costs no engine: the processor draws, and cuda alone does not start${withoutCompiler}`,
  async () => {
    const place = own("crash");
    const flags = ["--cuda-libraries", standInProvider(join(folder, "provider"), "aborts")];
    const sentence =
      "ONNX Runtime's CUDA provider, or the driver below it, ended the process that tried it on a network of one node (SIGABRT)";
    const drawn = await runBinary(place, [...drawing, ...flags, "-o", "x.png"], driver?.environment);
    expect(drawn.code).toBe(0);
    expect(drawn.err).toMatch(/^\S+ warn {2}cuda cannot be used, the engine works on cpu task=\w+ reason="/);
    expect(drawn.err).toContain(sentence);
    expect(drawn.err.trim().split("\n")).toHaveLength(1);
    const alone = ["--providers", "cuda", "--port", "0", ...flags];
    const { code, err } = await runBinary(place, alone, driver?.environment);
    expect(code).toBe(1);
    expect(err).toContain(`providers is cuda alone, and CUDA cannot be used. ${sentence}`);
    const { out } = await runBinary(place, ["doctor", "--port", "0", ...flags], driver?.environment);
    expect(out).toMatch(/weak +self-test +a small picture was drawn on cpu/);
    expect(out).toContain(`-> ${sentence}`);
  },
);

test.if(isLinux)("a server for WebGPU alone does not start where there is none", async () => {
  const { code, err } = await runBinary(own("webgpu"), ["--providers", "webgpu", "--port", "0"], {
    VK_ICD_FILENAMES: "/nowhere",
    VK_DRIVER_FILES: "/nowhere",
  });
  expect(code).toBe(1);
  expect(err).toContain(
    "providers is webgpu alone, and WebGPU cannot be used. Failed to get a WebGPU adapter",
  );
  expect(err).toContain("Or set providers to webgpu,cpu: then the processor works until that is mended.");
});

/** What the driver says, and what a start with `--providers cuda` is refused with. */
const refusals = [
  [{ LD_LIBRARY_PATH: "/nowhere" }, noDriver],
  [
    { DRIVER_CUDA: "12080", DRIVER_VERSION: "570.86.10" },
    "it is 570.86.10 (CUDA 12.8), and these libraries need 580.65.06 (CUDA 13.0) or newer",
  ],
  [{ DRIVER_CARDS: "0" }, "NVIDIA's driver sees no card"],
  [{ DRIVER_TOTAL: "2000000000" }, "has too little memory: 2 GB, and networks need 3.5 GB at least"],
  [
    { DRIVER_FREE: "900000000" },
    "has too little memory free: 900 MB of 12 GB, and networks need 2 GB at least",
  ],
  [{ DRIVER_INIT: "-1" }, "ended the process that tried it (cuInit, SIGSEGV)"],
] as const;

test.if(canStandIn && hasWheels)(
  `the real wheels: added in an empty home, opened without a path, refused in sentences, tried${withoutWheels}`,
  async () => {
    const place = own("whole");
    const added = await runBinary(place, ["cuda", "add", wheels ?? ""]);
    expect([added.code, added.err.match(/unpacked\./g)?.length]).toEqual([0, cudaSet.wheels.length]);
    expect((await runBinary(place, ["cuda", "--verify"])).out).toContain("all in ");

    for (const [answers, sentence] of refusals) {
      const { code, err } = await runBinary(place, ["--providers", "cuda", "--port", "0"], {
        ...driver?.environment,
        ...answers,
      });
      expect([code, err.includes(sentence)]).toEqual([1, true]);
      expect(err.length).toBeLessThan(450);
    }

    // The stand-in has nothing behind it, so the provider itself is loaded and fails at its first call for a card.
    const usable = await runBinary(place, ["cuda"], driver?.environment);
    expect([usable.code, usable.out.includes("CUDA can be used.")]).toEqual([0, true]);
    const tried = await runBinary(
      place,
      [...drawing, "--providers", "cuda,cpu", "-o", "x.png"],
      driver?.environment,
    );
    expect(tried.code).toBe(0);
    expect(tried.err).toContain(
      "Drawn on cpu instead of cuda, single values may be rounded otherwise. CUDA failed: unknown error (999);",
    );
    expect(tried.err.length).toBeLessThan(600);
    const cards = await runBinary(place, [...drawing, "--providers", "cuda,cpu", "-o", "x.png"], {
      ...driver?.environment,
      DRIVER_CARDS: "0",
    });
    expect(cards.err).toContain("NVIDIA's driver sees no card");
  },
);

test.if(canStandIn && hasWheels)(
  `the real libraries: one that is missing is named, and what is not needed is not missed${withoutWheels}`,
  async () => {
    const libraries = join(folder, "whole/home/.cache/fooocusd/cuda-1.30.0-13");
    const lacking = own("lacking");
    for (const name of readdirSync(libraries))
      Bun.spawnSync(["ln", join(libraries, name), join(lacking, name)]);
    const said = async (): Promise<string> =>
      (await runBinary(folder, ["cuda", "--cuda-libraries", lacking], driver?.environment)).out;
    expect(await said()).toContain("CUDA can be used.");
    for (const [name, wheel] of [
      ["libcublas.so.13", "nvidia-cublas 13.1.0.3"],
      ["libcublasLt.so.13", "nvidia-cublas 13.1.0.3"],
      ["libcurand.so.10", "nvidia-curand 10.4.0.35"],
      ["libcudnn.so.9", "nvidia-cudnn-cu13 9.20.0.48"],
      ["libcudnn_heuristic.so.9", "nvidia-cudnn-cu13 9.20.0.48"],
      ["libcudnn_engines_precompiled.so.9", "nvidia-cudnn-cu13 9.20.0.48"],
    ]) {
      rmSync(join(lacking, name ?? ""));
      expect(await said()).toContain(
        `${name} is missing in ${lacking}, and the system has none; it is in the wheel ${wheel}`,
      );
      Bun.spawnSync(["ln", join(libraries, name ?? ""), join(lacking, name ?? "")]);
    }
    rmSync(join(lacking, "libnvrtc.so.13"));
    expect(await said()).toContain("CUDA can be used.");
  },
);

test.if(canStandIn)(
  `a server that may fall back is ready, and its engine's state says why${withoutCompiler}`,
  async () => {
    const server = await startBinary([], driver?.environment);
    try {
      const body = JSON.stringify({
        prompt: "x",
        overwrite_width: 256,
        overwrite_height: 256,
        overwrite_step: 1,
        base_model_name: "fooocusd-demo.safetensors",
      });
      const made = await fetch(`${server.url}/v1/engine/generate/`, { method: "POST", body });
      // Nobody asked for a GPU, so pictures do not tell of one.
      expect(JSON.stringify(await made.json())).not.toContain("instead of cuda");
      expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
      const client = await liveClient(server.url);
      const state = JSON.stringify((await client.ask({ type: "status" }))["engine"]);
      client.close();
      expect(state).toContain("CUDA's libraries are not in cuda-1.30.0-13");
      expect(state).not.toContain("/.cache/");
    } finally {
      await server.close();
    }
  },
);
