import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parameterisation, sampledAs } from "#/weights/layouts/parameterisation.ts";
import { sdxlCheckpoint } from "#/weights/layouts/sdxl.ts";
import { openWeights } from "#/weights/open-weights.ts";
import { headerOf, sdxlShapes, sdxlTiny } from "../../support/sdxl-layout.ts";
import { stored, writeTensors } from "../../support/write-safetensors.ts";

const folder = mkdtempSync(join(tmpdir(), "parameterisation-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** What a file of these markers and this metadata says. */
function said(markers: readonly string[], metadata: Readonly<Record<string, string>> = {}): string {
  const file = headerOf(new Map(markers.map((marker) => [marker, []])), "/models/some.safetensors");
  const { prediction, schedule, doubts } = parameterisation({
    ...file,
    metadata: new Map(Object.entries(metadata)),
  });
  const told = doubts.prediction.length + doubts.schedule.length;
  return [prediction, schedule === "zero-terminal-snr" ? "zero" : "scaled", told].join(" ");
}

test("markers, then metadata, tell how a checkpoint is sampled", () => {
  expect(said([])).toBe("eps scaled 0");
  expect(said(["v_pred"])).toBe("v scaled 0");
  expect(said(["ztsnr"])).toBe("eps zero 0");
  expect(said(["v_pred", "ztsnr"])).toBe("v zero 0");
  expect(said(["edm_mean", "edm_std"])).toBe("edm scaled 0");
  expect(said([], { "modelspec.prediction_type": "v" })).toBe("v scaled 0");
  expect(said([], { "modelspec.prediction_type": "epsilon" })).toBe("eps scaled 0");
  expect(said([], { ss_v_parameterization: "True", ss_v2: "True" })).toBe("v scaled 0");
  expect(said([], { ss_v_parameterization: "False" })).toBe("eps scaled 0");
  expect(said([], { ss_zero_terminal_snr: "True" })).toBe("eps zero 0");
});

test("where a file contradicts itself the stronger word wins, and that is told", () => {
  expect(said(["v_pred"], { "modelspec.prediction_type": "epsilon" })).toBe("v scaled 1");
  expect(said([], { "modelspec.prediction_type": "epsilon", ss_v_parameterization: "True" })).toBe(
    "eps scaled 1",
  );
  expect(said(["ztsnr"], { ss_zero_terminal_snr: "False" })).toBe("eps zero 1");
});

test("other parameterisations are refused by name, and a word that is none is not repeated", () => {
  expect(() => said([], { "modelspec.prediction_type": "sample" })).toThrow(
    "(modelspec.prediction_type: sample)",
  );
  expect(() => said([], { "modelspec.prediction_type": "<b>\u0000" })).toThrow("something else");
});

/** What is told of a file whose name or metadata hints at something. */
function hinted(
  path: string,
  markers: readonly string[] = [],
  metadata: Readonly<Record<string, string>> = {},
) {
  const file = headerOf(new Map(markers.map((marker) => [marker, []])), path);
  const { prediction, schedule, doubts } = parameterisation({
    ...file,
    metadata: new Map(Object.entries(metadata)),
  });
  return { as: [prediction, schedule].join(), told: [...doubts.prediction, ...doubts.schedule].join(" ") };
}

test("a name that hints at v, EDM or zero SNR changes nothing and is told, unless a mark says for certain", () => {
  for (const name of ["noobaiXL_vPred10", "x-v-pred", "VPRED", "model_v_prediction", "a.vparam.b"]) {
    const { as, told } = hinted(`/vpred/${name}.safetensors`);
    expect([name, as]).toEqual([name, "eps,scaled-linear"]);
    expect(told).toBe(
      `${name}.safetensors may want v-prediction, as its name hints, but has no mark that says so: it is drawn with noise prediction. If that is wrong, a JSON file beside it can decide otherwise (prediction_type: v).`,
    );
  }
  const all = hinted("/m/vpred-ztsnr.safetensors").told;
  expect(all).toContain("may want v-prediction");
  expect(all).toContain("may want zero terminal SNR");
  expect(hinted("/m/playground-v2.5-1024.safetensors").told).toContain("(prediction_type: edm)");
  const merged = hinted("/m/mix.safetensors", [], { sd_merge_models: '{"a": {"name": "NoobAI-Vpred"}}' });
  expect(merged.told).toContain("as its metadata (sd_merge_models) hints");
  for (const plain of ["sd_xl_base_1.0", "improved", "ponyDiffusionV6XL", "playground-v2", "novel-preview"])
    expect(hinted(`/vpred/${plain}.safetensors`).told).toBe("");
  expect(hinted("/m/vpred.safetensors", ["v_pred"]).told).toBe("");
  expect(hinted("/m/vpred.safetensors", [], { ss_v_parameterization: "False" }).told).toBe("");
  expect(hinted("/m/zsnr.safetensors", ["ztsnr"]).told).toBe("");
});

test("what the file beside a checkpoint decides is in doubt no longer", () => {
  const checkpoint = sdxlCheckpoint(headerOf(sdxlShapes(sdxlTiny), "/models/vpred-zsnr.safetensors"));
  expect(checkpoint.notes).toHaveLength(2);
  expect(sampledAs(checkpoint, undefined).notes).toHaveLength(2);
  expect(sampledAs(checkpoint, { prediction: "eps" }).notes).toEqual(checkpoint.doubts.schedule);
  expect(sampledAs(checkpoint, { zeroTerminalSnr: false }).notes).toEqual(checkpoint.doubts.prediction);
  expect(sampledAs(checkpoint, { prediction: "v", zeroTerminalSnr: true }).notes).toEqual([]);
});

test("CosXL is told by its noise levels; other ones are refused, by a number or by what is none", () => {
  const file = (name: string, value: readonly number[]) => {
    const path = writeTensors(join(folder, name), {
      "edm_vpred.sigma_max": stored("F32", [value.length], value),
    });
    return () => parameterisation(openWeights(path)).prediction;
  };
  expect(file("cosxl.safetensors", [120])()).toBe("edm-v");
  expect(file("half.safetensors", [119.9])()).toBe("edm-v");
  for (const [name, value] of [
    ["other", [80]],
    ["two", [120, 120]],
    ["none", []],
  ] as const)
    expect(file(`${name}.safetensors`, value)).toThrow(
      `${name}.safetensors says that it predicts v at noise levels of its own (tensor edm_vpred.sigma_max)`,
    );
});

test("the file beside a checkpoint decides", () => {
  const checkpoint = sdxlCheckpoint(headerOf(sdxlShapes(sdxlTiny), "/models/some.safetensors"));
  expect(sampledAs(checkpoint, undefined)).toEqual(checkpoint);
  const both = sampledAs(checkpoint, { prediction: "v", zeroTerminalSnr: true });
  expect([both.prediction, both.schedule]).toEqual(["v", "zero-terminal-snr"]);
  const back = sampledAs(both, { prediction: "eps", zeroTerminalSnr: false });
  expect([back.prediction, back.schedule]).toEqual(["eps", "scaled-linear"]);
  expect(sampledAs(both, { zeroTerminalSnr: false }).prediction).toBe("v");
});
