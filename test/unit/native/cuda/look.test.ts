import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { providers } from "#/native/cuda/link-providers.ts";
import { lookAtCuda } from "#/native/cuda/look.ts";
import { cudnn, librariesToOpen } from "#/native/cuda/open-libraries.ts";
import type { CudaSet } from "#/native/cuda/set.ts";
import { type CudaTrouble, troubleSentence } from "#/native/cuda/trouble.ts";
import { libraryFolder } from "#/native/libraries.ts";
import {
  canStandIn,
  emptyLibrary,
  standInDriver,
  withoutCompiler,
} from "../../../support/stand-in-driver.ts";

setDefaultTimeout(120_000);

const scratch = mkdtempSync(join(tmpdir(), "fooocusd-look-"));
const driver = canStandIn ? standInDriver() : undefined;
afterAll(() => {
  rmSync(scratch, { recursive: true, force: true });
  driver?.remove();
});

/** A set of libraries that test files can be. */
const set: CudaSet = {
  runtime: "1.30.0",
  cuda: 13,
  driver: "580.65.06",
  capability: [7, 5],
  wheels: [
    {
      project: "onnxruntime-gpu",
      version: "1.30.0",
      file: "a.whl",
      bytes: 1,
      sha256: "",
      licence: "MIT",
      libraries: [],
    },
    {
      project: "nvidia-made-up",
      version: "13.1",
      file: "b.whl",
      bytes: 1,
      sha256: "",
      licence: "",
      libraries: [{ path: "x/libmadeup.so.13", bytes: 1, sha256: "" }],
    },
  ],
};

const nowhere = join(scratch, "nowhere");

/** What is the matter, with a driver that answers so. */
async function troubles(answers: Readonly<Record<string, string>>, folder = nowhere, seconds = 60) {
  const environment = { PATH: "/usr/bin:/bin", HOME: scratch, ...driver?.environment, ...answers };
  const look = await lookAtCuda({
    place: { folder, isOwn: false },
    asks: true,
    set,
    asking: { environment, seconds },
  });
  return look.troubles;
}

const notThere = `CUDA's libraries are not in ${nowhere}: fooocusd cuda add --fetch, or fooocusd cuda add FOLDER with the wheels in it.`;

/** One case each: what the driver says, and what is made of it. */
const cases: readonly (readonly [string, Readonly<Record<string, string>>, string])[] = [
  [
    "no driver",
    { LD_LIBRARY_PATH: "/nowhere" },
    "There is no NVIDIA driver (libcuda.so.1): install it with the system's package manager, or start the container with the card (docker run --gpus all).",
  ],
  [
    "an old driver",
    { DRIVER_CUDA: "12080", DRIVER_VERSION: "570.86.10" },
    "NVIDIA's driver is too old: it is 570.86.10 (CUDA 12.8), and these libraries need 580.65.06 (CUDA 13.0) or newer: update it.",
  ],
  [
    "an old driver that does not tell its own version",
    { DRIVER_CUDA: "12080", DRIVER_NVML: "9" },
    "NVIDIA's driver is too old: it is one for CUDA 12.8, and these libraries need 580.65.06 (CUDA 13.0) or newer: update it.",
  ],
  [
    "no card",
    { DRIVER_CARDS: "0" },
    "NVIDIA's driver sees no card: look with nvidia-smi, or start the container with it (docker run --gpus all).",
  ],
  [
    "no card, as cuInit says it",
    { DRIVER_INIT: "100" },
    "NVIDIA's driver sees no card: look with nvidia-smi, or start the container with it (docker run --gpus all).",
  ],
  [
    "a card that is hidden",
    { DRIVER_CARDS: "0", CUDA_VISIBLE_DEVICES: "3" },
    `NVIDIA's driver shows no card, because CUDA_VISIBLE_DEVICES is "3", as it is told or as an entry cuda:N of engines sets it: name a card that is there.`,
  ],
  [
    "halves of two versions",
    { DRIVER_INIT: "803" },
    "NVIDIA's driver does not work, cuInit answered 803 (system has unsupported display driver / cuda driver combination): its halves in the kernel and in the system are of different versions, so start the machine anew.",
  ],
  [
    "a card of long ago",
    { DRIVER_CAPABILITY: "61" },
    "The card Stand-in 0 is too old: its compute capability is 6.1, and these libraries hold code for 7.5 and newer: set providers to cpu.",
  ],
  [
    "a small card",
    { DRIVER_TOTAL: "2000000000" },
    "The card Stand-in 0 has too little memory: 2 GB, and networks need 3.5 GB at least: set providers to cpu.",
  ],
  [
    "a card that others use",
    { DRIVER_FREE: "900000000" },
    "The card Stand-in 0 has too little memory free: 900 MB of 12 GB, and networks need 2 GB at least: end what else uses it (nvidia-smi names it).",
  ],
  [
    "a driver that crashes",
    { DRIVER_INIT: "-1" },
    "NVIDIA's driver, or a library of CUDA's, ended the process that tried it (cuInit, SIGSEGV): see whether nvidia-smi works, and whether fooocusd cuda --verify finds the libraries whole.",
  ],
];

for (const [what, answers, sentence] of cases)
  test.if(canStandIn)(`${what} is told in a sentence with the way out${withoutCompiler}`, async () => {
    expect((await troubles(answers)).map(troubleSentence)).toEqual([sentence, notThere]);
  });

test.if(canStandIn)(`a driver that hangs is left after its time${withoutCompiler}`, async () => {
  const [first] = await troubles({ DRIVER_INIT: "-2" }, nowhere, 3);
  expect(first).toEqual({ kind: "driver-silent", call: "cuInit", seconds: 3 });
});

/** A folder with a provider that is linked against a library of that name, and holds this version as a text. */
function providerFolder(name: string, { version = "1.30.0", cuda = "13" } = {}): string {
  const folder = join(scratch, name);
  mkdirSync(folder);
  const needs = [`libmadeup.so.${cuda}`, `libcudart.so.${cuda}`].map((one) => emptyLibrary(folder, one));
  emptyLibrary(folder, "libonnxruntime_providers_shared.so");
  const provider = emptyLibrary(folder, "libonnxruntime_providers_cuda.so", ["-Wl,--no-as-needed", ...needs]);
  writeFileSync(provider, Buffer.concat([readFileSync(provider), Buffer.from(`\0${version}\0`)]));
  const [first = "", ...others] = cudnn;
  emptyLibrary(folder, first);
  for (const name of others) copyFileSync(join(folder, first), join(folder, name));
  return folder;
}

test.if(canStandIn)(
  `what a provider is linked against is opened in its order, then cuDNN${withoutCompiler}`,
  async () => {
    const folder = providerFolder("whole");
    emptyLibrary(folder, "libnvrtc.so.13");
    emptyLibrary(folder, "libnvrtc-builtins.so.13.0");
    expect(librariesToOpen(folder)).toEqual([
      "libnvrtc-builtins.so.13.0",
      "libnvrtc.so.13",
      "libmadeup.so.13",
      "libcudart.so.13",
      ...cudnn,
    ]);
    expect(await troubles({}, folder)).toEqual([]);
  },
);

test.if(canStandIn)(`a library that is missing is named with its wheel${withoutCompiler}`, async () => {
  const folder = providerFolder("lacking");
  rmSync(join(folder, "libmadeup.so.13"));
  const found = await troubles({}, folder);
  expect(found).toEqual([
    { kind: "library-missing", folder, library: "libmadeup.so.13", from: "nvidia-made-up 13.1" },
  ]);
  expect(found.map(troubleSentence)[0]).toStartWith(
    `libmadeup.so.13 is missing in ${folder}, and the system has none;`,
  );
  // The system's own is as good.
  const elsewhere = join(scratch, "elsewhere");
  mkdirSync(elsewhere);
  emptyLibrary(elsewhere, "libmadeup.so.13");
  expect(await troubles({ LD_LIBRARY_PATH: `${driver?.folder}:${elsewhere}` }, folder)).toEqual([]);
});

test.if(canStandIn)(`what one of the libraries lacks itself is named${withoutCompiler}`, async () => {
  const folder = providerFolder("zlib");
  const other = emptyLibrary(folder, "libofthesystem.so.1");
  emptyLibrary(folder, "libcudnn_graph.so.9", ["-Wl,--no-as-needed", other]);
  rmSync(other);
  expect((await troubles({}, folder)).map(troubleSentence)).toEqual([
    "libcudnn_graph.so.9 could not be opened, since the system lacks libofthesystem.so.1, which it needs: install that with the system's package manager.",
  ]);
});

test.if(canStandIn)(
  `a library that was cut off is told with what puts it right${withoutCompiler}`,
  async () => {
    const folder = providerFolder("cut-off");
    truncateSync(join(folder, "libcudnn_ops.so.9"), 100);
    const [sentence] = (await troubles({}, folder)).map(troubleSentence);
    expect(sentence).toMatch(
      /^libcudnn_ops\.so\.9 could not be opened \(\S+: [^)]+\): see whether fooocusd cuda --verify finds it whole, and put it right with fooocusd cuda add --fetch, or /,
    );
  },
);

test.if(canStandIn)(
  `a driver that is there and cannot be opened is told with why${withoutCompiler}`,
  async () => {
    const broken = join(scratch, "broken-driver");
    mkdirSync(broken);
    writeFileSync(join(broken, "libcuda.so.1"), "this is no library");
    const [sentence] = (await troubles({ LD_LIBRARY_PATH: broken })).map(troubleSentence);
    expect(sentence).toMatch(
      /^NVIDIA's driver cannot be opened \(\S+libcuda\.so\.1: file too short\): install it anew with the system's package manager\.$/,
    );
  },
);

test.if(canStandIn)(`a provider of another version is refused with both${withoutCompiler}`, async () => {
  const folder = providerFolder("other", { version: "1.31.1" });
  const [found] = await troubles({}, folder);
  expect(found).toEqual({ kind: "other-version", folder, provider: "1.31.1", runtime: "1.30.0" });
});

test.if(canStandIn)(
  `a provider for CUDA 12 is content with a driver for it, and with older cards${withoutCompiler}`,
  async () => {
    const folder = providerFolder("twelve", { cuda: "12" });
    expect(await troubles({ DRIVER_CUDA: "12040", DRIVER_CAPABILITY: "61" }, folder)).toEqual([]);
    const [old] = await troubles({ DRIVER_CUDA: "11080", DRIVER_VERSION: "520.61.05" }, folder);
    expect(old === undefined ? "" : troubleSentence(old)).toBe(
      "NVIDIA's driver is too old: it is 520.61.05 (CUDA 11.8), and these libraries need one for CUDA 12.0 or newer: update it.",
    );
  },
);

test.if(canStandIn)(
  `code is not taken from a folder of ours that others may write${withoutCompiler}`,
  async () => {
    const folder = providerFolder("open");
    chmodSync(folder, 0o777);
    const look = await lookAtCuda({ place: { folder, isOwn: true }, asks: true, set });
    const kinds = look.troubles.map(({ kind }: CudaTrouble) => kind);
    expect(kinds).toEqual(["foreign-folder"]);
  },
);

test.if(process.platform === "linux" && process.arch === "x64")(
  "an engine that finds files that are no libraries works on the processor and says so in a line, or refuses to",
  async () => {
    const bogus = join(scratch, "bogus");
    mkdirSync(bogus);
    copyFileSync(join(libraryFolder(), "libonnxruntime.so.1"), join(bogus, "libonnxruntime.so.1"));
    for (const name of providers) writeFileSync(join(bogus, name), "this is no library");
    const opened = async (wanted: string) => {
      const child = Bun.spawn([process.execPath, "test/support/device-child.ts", bogus, wanted], {
        stdio: ["ignore", "pipe", "ignore"],
      });
      return JSON.parse(await new Response(child.stdout).text());
    };
    const { device, lines } = await opened("auto");
    expect(device).toBe("cpu");
    expect(lines).toEqual([
      expect.stringMatching(
        / warn {2}cuda cannot be used, the engine works on cpu reason=".*is of ONNX Runtime \(an unknown version\)/,
      ),
    ]);
    expect((await opened("cuda")).error).toMatchObject({ code: "provider-missing" });
  },
);

test("where nothing is installed and nothing of a driver shows, nobody is asked", async () => {
  const asking = { command: ["/nowhere/to-be-started"] };
  const { driver: said, troubles: found } = await lookAtCuda({
    place: { folder: nowhere, isOwn: true },
    asking,
  });
  if (process.platform !== "linux" || process.arch !== "x64") return;
  expect(said).toBeUndefined();
  expect(found.map(({ kind }) => kind)).toEqual(["no-driver", "not-there"]);
});

test.if(process.platform === "linux")(
  "a folder that cannot be looked into is told with its reason, whoever named it",
  async () => {
    const file = join(scratch, "no-folder");
    writeFileSync(file, "");
    const look = await lookAtCuda({ place: { folder: file, isOwn: false }, set });
    const words = `ENOTDIR: not a directory, stat '${join(file, providers[0])}'`;
    expect([
      look.installed,
      look.troubles.filter(({ kind }) => kind !== "no-driver").map(troubleSentence),
    ]).toEqual([
      false,
      [
        `CUDA's libraries cannot be looked for in ${file}: ${words}. Name a folder that this user may read with cuda_libraries, or leave that empty.`,
      ],
    ]);
  },
);
