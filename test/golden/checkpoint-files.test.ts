import { afterAll, expect, test } from "bun:test";
import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ModelError } from "#/lib/errors.ts";
import { openNetworks } from "#/runtime/models.ts";
import { watchedNetworks, watchFiles } from "#/runtime/watched-networks.ts";
import type { Checkpoint } from "#/weights/checkpoint.ts";
import { sdxlCheckpoint } from "#/weights/layouts/sdxl.ts";
import { chooseVae, vaeTensors } from "#/weights/layouts/vae.ts";
import { openWeights } from "#/weights/open-weights.ts";
import { readWeight } from "#/weights/read-weights.ts";
import { expectNear } from "../support/expect-near.ts";
import { goldenPath, goldenTensors } from "../support/golden.ts";
import { modelsTable } from "../support/models-table.ts";
import { openWorkshop } from "../support/workshop.ts";

const folder = mkdtempSync(join(tmpdir(), "fooocusd-files-"));
afterAll(() => rmSync(folder, { recursive: true }));

const rows = modelsTable("Checkpoints and VAEs");
const isOurs = (name: string): boolean => /^(checkpoint|vae)-/.test(name);

/** A proof of the table, unpacked under its own name. */
function unpacked(proof: string): string {
  const path = join(folder, proof.replace(/\.zst$/, ""));
  writeFileSync(path, Bun.zstdDecompressSync(readFileSync(goldenPath(`models/${proof}`))));
  return path;
}

const workshop = openWorkshop();
afterAll(() => workshop.close());

const fileOf = (name: string): string => unpacked(`${name}.safetensors.zst`);
const checkpointOf = (name: string): Checkpoint => sdxlCheckpoint(openWeights(fileOf(name)));
const vaeOf = (name: string): Checkpoint["vae"] => vaeTensors(openWeights(fileOf(name))).vae;

/** What the program says to a file: the sentence of its error, or what is told of what it draws with. */
function verdict(proof: string): Readonly<{ error?: ModelError; notes: readonly string[] }> {
  const path = unpacked(proof);
  try {
    const file = openWeights(path);
    return { notes: (proof.startsWith("vae-") ? vaeTensors(file) : sdxlCheckpoint(file)).notes };
  } catch (thrown) {
    if (thrown instanceof ModelError) return { error: thrown, notes: [] };
    throw thrown;
  }
}

test("every row of the table has its own file, and every file a row", () => {
  const files = readdirSync(goldenPath("models")).filter(isOurs);
  expect(rows.map(({ proof }) => proof).toSorted()).toEqual(files.toSorted());
});

for (const { kind, here, proof } of rows) {
  test(`${kind}: ${here}`, () => {
    const { error, notes } = verdict(proof);
    const [read, told] = /^read(?:; told: (.+))?$/.exec(here) ?? [];
    if (read !== undefined) {
      expect(error?.message).toBeUndefined();
      if (told !== undefined) expect(notes.join(" ")).toContain(told);
      return;
    }
    const words = /^refused: (.+)$/.exec(here)?.[1];
    expect(error?.message).toContain(words ?? "a row says read, or refused and why");
    expect(error?.message).toStartWith(proof.replace(/\.zst$/, ""));
    expect(error?.message).not.toContain(folder);
  });
}

test("F8 weights, and those with a scale, are the numbers that torch makes of them", () => {
  const { tensors } = openWeights(goldenPath("checkpoint-values.safetensors"));
  const torch = goldenTensors("checkpoint-values.safetensors");
  const names = [...tensors.keys()].filter((name) => name.startsWith("checkpoint-"));
  expect(names.length).toBeGreaterThanOrEqual(8);
  for (const name of names) {
    const [file = "", key = ""] = name.split("|");
    const { unet, textL } = checkpointOf(file);
    const ref = [...unet.values(), ...textL.values()].find((candidate) => candidate.key === key);
    if (ref === undefined) throw new Error(`${file} has no ${key}`);
    expect(ref.scale !== undefined).toBe(/scaled|comfy|listed/.test(file));
    expect({ file, shape: ref.shape, data: readWeight(ref) }).toEqual({
      file,
      shape: torch(name).dims,
      data: torch(name).data,
    });
  }
});

test("marks and metadata tell what a checkpoint predicts and on which betas", () => {
  const said = (name: string): string => {
    const { prediction, schedule } = checkpointOf(name);
    return `${prediction} ${schedule}`;
  };
  for (const name of ["base", "only-named-vpred", "merged", "only-named-zsnr", "flow-matching"])
    expect(said(`checkpoint-${name}`)).toBe("eps scaled-linear");
  expect(said("checkpoint-cosxl")).toBe("edm-v scaled-linear");
  expect(said("checkpoint-edm")).toBe("edm scaled-linear");
  for (const name of ["v-marker", "v-modelspec", "v-kohya", "v-contradiction"])
    expect(said(`checkpoint-${name}`)).toBe("v scaled-linear");
  for (const name of ["v-zero-snr", "zero-snr-kohya"])
    expect(said(`checkpoint-${name}`)).toBe("v zero-terminal-snr");
});

test("what is not used, and what contradicts itself, is told; what training leaves is not", () => {
  const notes = (name: string): readonly string[] => checkpointOf(name).notes;
  for (const name of ["base", "training", "v-marker", "f8-scaled", "f8-comfy", "no-encoder"])
    expect(notes(`checkpoint-${name}`)).toEqual([]);
  expect(notes("checkpoint-extras")).toEqual([
    "checkpoint-extras.safetensors has 2 tensors (control_model.note.weight, extra.weight) that nothing here uses.",
  ]);
  expect(notes("checkpoint-v-contradiction").join()).toMatch(
    /v_pred means v-prediction.*drawn with v-prediction/,
  );
});

test("a checkpoint without a VAE takes the one that is chosen, and says so if none is", () => {
  const checkpoint = checkpointOf("checkpoint-no-vae");
  expect(() => chooseVae(checkpoint, undefined)).toThrow(
    "checkpoint-no-vae.safetensors has no VAE inside: choose a file of the vae folder in vae_name.",
  );
  const { vae } = chooseVae(checkpoint, openWeights(fileOf("vae-diffusers")));
  expect(vae.get("decoder.conv_in.weight")?.path).toEndWith("vae-diffusers.safetensors");
});

test("every spelling of a VAE gives the same tensors under LDM's names", () => {
  const shapes = (name: string): readonly string[] =>
    [...vaeOf(name)].map(([key, { shape }]) => `${key} ${shape.join()}`).toSorted();
  const own = shapes("vae-ldm");
  for (const name of ["vae-first-stage", "vae-prefix", "vae-training"]) expect(shapes(name)).toEqual(own);
  expect(own.filter((line) => !/^(encoder|quant_conv)\./.test(line))).toEqual([...shapes("vae-decoder")]);
  expect(shapes("vae-diffusers-old")).toEqual(shapes("vae-diffusers"));
  expect(
    shapes("vae-diffusers")
      .map((line) => line.split(" ")[0])
      .filter((key) => !key?.includes("nin_shortcut")),
  ).toEqual(own.map((line) => line.split(" ")[0] ?? ""));
  const vae = vaeOf("vae-diffusers");
  const torch = goldenTensors("checkpoint-values.safetensors");
  for (const [key, name] of [
    ["decoder.up.3.block.1.conv1.weight", "decoder.up_blocks.0.resnets.1.conv1.weight"],
    ["decoder.mid.attn_1.q.weight", "decoder.mid_block.attentions.0.to_q.weight"],
  ] as const) {
    const ref = vae.get(key);
    if (ref === undefined) throw new Error(`no ${key}`);
    expect(readWeight(ref)).toEqual(torch(`vae-diffusers|${name}`).data as Float32Array<ArrayBuffer>);
  }
});

test("a checkpoint without a VAE draws with one in diffusers' names, old or new, as diffusers does", async () => {
  const base = fileOf("checkpoint-no-vae");
  const torch = goldenTensors("checkpoint-values.safetensors");
  for (const name of ["vae-diffusers", "vae-diffusers-old"]) {
    const { decode } = openNetworks({ base, vae: fileOf(name), loras: [] }, { clipSkip: 2 }, workshop);
    const image = await decode(torch("vae-diffusers|latent"));
    // Float32 on both sides, sums in another order: see networks.test.ts.
    expectNear(image, torch("vae-diffusers|image"), 1e-4);
  }
  const ways = { base, loras: [] };
  expect(() => openNetworks(ways, { clipSkip: 2 }, workshop)).toThrow(
    "choose a file of the vae folder in vae_name",
  );
  const wrong = { ...ways, vae: fileOf("vae-flux") };
  expect(() => openNetworks(wrong, { clipSkip: 2 }, workshop)).toThrow(
    /^vae-flux\.safetensors is not a VAE for SDXL/,
  );
}, 300_000);

test("PyTorch's files compute bit for bit what their safetensors twins do, mapped at odd places or unpacked", async () => {
  const torch = goldenTensors("checkpoint-values.safetensors");
  const base = fileOf("checkpoint-base");
  const ids = Array.from({ length: 77 }, (_, i) => i % 15);
  const answers = async (paths: { base: string; vae?: string }) => {
    const { decode, textL, textG } = openNetworks({ ...paths, loras: [] }, { clipSkip: 2 }, workshop);
    const image = await decode(torch("vae-diffusers|latent"));
    const [l, g] = [await textL(ids), await textG(ids)];
    return [image, l.hidden, g.hidden, g.pooled].map((tensor) => tensor?.data);
  };
  const derived = (): number =>
    readdirSync(workshop.folder).filter((name) => name.endsWith(".safetensors")).length;
  const before = derived();
  const expected = await answers({ base });
  for (const name of ["checkpoint-torch.ckpt", "checkpoint-torch-old.ckpt"])
    expect(await answers({ base: unpacked(`${name}.zst`) })).toEqual(expected);
  const odd = openWeights(join(folder, "checkpoint-torch-old.ckpt")).tensors.values();
  expect(odd.every(({ offset }) => offset % 2 === 1)).toBe(true);
  const own = await answers({ base, vae: fileOf("vae-ldm") });
  expect(await answers({ base, vae: unpacked("vae-torch.pt.zst") })).toEqual(own);
  expect(derived()).toBe(before);
  expect(await answers({ base, vae: unpacked("vae-torch-old.bin.zst") })).toEqual(own);
  expect(derived()).toBe(before + 1);
}, 300_000);

test("a picture that was drawn while its checkpoint was written into is not handed out", async () => {
  const base = fileOf("checkpoint-base");
  const paths = { base, loras: [] };
  const networks = openNetworks(paths, { clipSkip: 2 }, workshop);
  const { decode } = watchedNetworks(networks, watchFiles(paths), () => workshop.residency.close());
  const latent = goldenTensors("checkpoint-values.safetensors")("vae-diffusers|latent");
  await decode(latent);
  const file = openSync(base, "r+");
  writeSync(file, new Uint8Array(1000), 0, 1000, 200_000);
  closeSync(file);
  await expect(decode(latent)).rejects.toThrow(
    /^checkpoint-base\.safetensors was overwritten while it was in use/,
  );
}, 300_000);

test("what the file beside a checkpoint says of its prediction reaches the networks", () => {
  const base = fileOf("checkpoint-v-marker");
  const prediction = (sampledAs?: { prediction?: "eps" | "v" }) =>
    openNetworks({ base, loras: [], sampledAs }, { clipSkip: 2 }, workshop).prediction;
  expect([prediction(), prediction({ prediction: "eps" }), prediction({})]).toEqual(["v", "eps", "v"]);
});
