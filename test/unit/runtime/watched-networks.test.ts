import { afterAll, expect, test } from "bun:test";
import {
  closeSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Networks } from "#/runtime/models.ts";
import { watchedNetworks, watchFiles } from "#/runtime/watched-networks.ts";
import { unetInputs } from "../../support/unet-inputs.ts";

const folder = mkdtempSync(join(tmpdir(), "fooocusd-watched-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const paths = {
  base: join(folder, "base"),
  vae: join(folder, "vae"),
  loras: [{ path: join(folder, "lora"), weight: 1 }],
};

/** Networks over three files; `during` happens while one runs. */
function networksOver(during: () => void = () => undefined) {
  // Old enough that any later write has another time.
  for (const name of ["base", "vae", "lora"]) {
    writeFileSync(join(folder, name), name.repeat(100));
    utimesSync(join(folder, name), 1000, 1000);
  }
  let closed = 0;
  const answer = { dims: [1], data: Float32Array.of(7) };
  const run = async () => {
    during();
    return answer;
  };
  const told = async () => ({ keys: await run(), values: answer });
  const walk = async function* () {
    yield { at: "strip", done: 0, of: 1 } as const;
    yield { at: "end", answer: await run() } as const;
  };
  const networks: Networks = {
    prediction: "eps",
    schedule: "scaled-linear",
    textKey: "k",
    vectors: new Map(),
    language: () => {
      throw new Error("no language model is asked");
    },
    textL: async () => ({ hidden: await run() }),
    textG: async () => ({ hidden: await run() }),
    unet: run,
    tellTexts: async () => [{ context: await run() }],
    controlNets: [
      {
        hint: run,
        tellTexts: async () => [{ context: await run() }],
        residuals: async () => [await run()],
      },
    ],
    imagePrompts: [{ ofPicture: async () => [await told()], ofNothing: async () => [await told()] }],
    inpaintHead: run,
    safety: async () => ({ special: await run(), concepts: answer }),
    refiner: undefined,
    decode: run,
    encode: run,
    preview: run,
    decodeByStrips: walk,
    encodeByStrips: walk,
    upscaler: () => ({
      scale: 4,
      enlarge: async function* () {
        yield { at: "tile", done: 0, of: 1 };
        await run();
      },
    }),
    faces: async () => {
      await run();
      return [];
    },
    ask: async () => {
      throw new Error("every network has its own call");
    },
  };
  const watched = watchedNetworks(networks, watchFiles(paths), async () => {
    closed += 1;
  });
  return { watched, answer, closed: () => closed };
}

const overwrite = (name: string): void => {
  const file = openSync(join(folder, name), "r+");
  writeSync(file, "x");
  closeSync(file);
};

for (const name of ["base", "vae", "lora"]) {
  test(`${name}: a file that is overwritten between two runs fails the next one with its name`, async () => {
    const { watched, answer, closed } = networksOver();
    expect(await watched.decode(answer)).toBe(answer);
    overwrite(name);
    const thrown = await watched.unet(unetInputs(answer, 1, answer, answer)).catch((error: unknown) => error);
    expect(thrown).toMatchObject({ code: "file-unreadable", details: { path: join(folder, name) } });
    expect(String(thrown)).toContain(
      `${name} was overwritten while it was in use. Replace model files by mv`,
    );
    expect(closed()).toBe(1);
  });
}

test("what a run answers while a file is overwritten under it is not used, nor is its own failure told", async () => {
  const changing = networksOver(() => overwrite("base"));
  await expect(changing.watched.textL([1])).rejects.toThrow("base was overwritten");
  const failing = networksOver(() => {
    overwrite("lora");
    throw new Error("the answer holds no numbers");
  });
  await expect(failing.watched.textG([1])).rejects.toThrow("lora was overwritten");
});

test("a file that is replaced by mv, or deleted, is as it was for whoever has it open", async () => {
  const { watched, answer } = networksOver();
  writeFileSync(join(folder, "new"), "another file");
  renameSync(join(folder, "new"), paths.base);
  rmSync(paths.vae);
  expect(await watched.encode(answer)).toBe(answer);
});
