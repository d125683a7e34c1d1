import { expect, test } from "bun:test";
import { parameterisation, sampledAs } from "#/weights/layouts/parameterisation.ts";
import { sdxlCheckpoint } from "#/weights/layouts/sdxl.ts";
import { headerOf, sdxlShapes, sdxlTiny } from "../../support/sdxl-layout.ts";

/** What a file of these markers and this metadata says. */
function said(markers: readonly string[], metadata: Readonly<Record<string, string>> = {}): string {
  const file = headerOf(new Map(markers.map((marker) => [marker, []])), "/models/some.safetensors");
  const { prediction, schedule, notes } = parameterisation({
    ...file,
    metadata: new Map(Object.entries(metadata)),
  });
  return [prediction, schedule === "zero-terminal-snr" ? "zero" : "scaled", notes.length].join(" ");
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

test("the file beside a checkpoint decides", () => {
  const checkpoint = sdxlCheckpoint(headerOf(sdxlShapes(sdxlTiny), "/models/some.safetensors"));
  expect(sampledAs(checkpoint, undefined)).toEqual(checkpoint);
  const both = sampledAs(checkpoint, { prediction: "v", zeroTerminalSnr: true });
  expect([both.prediction, both.schedule]).toEqual(["v", "zero-terminal-snr"]);
  const back = sampledAs(both, { prediction: "eps", zeroTerminalSnr: false });
  expect([back.prediction, back.schedule]).toEqual(["eps", "scaled-linear"]);
  expect(sampledAs(both, { zeroTerminalSnr: false }).prediction).toBe("v");
});
