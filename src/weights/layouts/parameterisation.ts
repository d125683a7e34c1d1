import { basename } from "node:path";
import { ModelError } from "#/lib/errors.ts";
import type { Checkpoint, NoiseSchedule, Prediction } from "../checkpoint.ts";
import type { WeightFile } from "../weight-file.ts";

/** What a network predicts, on which betas it was trained, and where the file contradicts itself. */
export type Parameterisation = Readonly<{
  prediction: Prediction;
  schedule: NoiseSchedule;
  notes: readonly string[];
}>;

/** Markers of parameterisations that would be sampled wrongly without knowing them. */
const unsupported: Readonly<Record<string, string>> = {
  "edm_vpred.sigma_max": "the EDM parameterisation of CosXL",
  "edm_vpred.sigma_min": "the EDM parameterisation of CosXL",
};

/** As sentences call them. */
const predictionNames: Readonly<Record<Prediction, string>> = {
  eps: "noise prediction",
  v: "v-prediction",
  edm: "Playground 2.5's EDM parameterisation",
};

/** What training scripts write into `modelspec.prediction_type`; other words are other parameterisations. */
const predictionWords: Readonly<Record<string, Prediction>> = {
  epsilon: "eps",
  eps: "eps",
  v: "v",
  v_prediction: "v",
  "v-prediction": "v",
};

/** What a word for it means, in any case; undefined where it is none that is known. */
export function predictionOf(word: string): Prediction | undefined {
  const plain = word.trim().toLowerCase();
  return Object.hasOwn(predictionWords, plain) ? predictionWords[plain] : undefined;
}

type Hint<T> = Readonly<{ says: T; by: string }>;

/**
 * How a checkpoint is sampled, as the file says: by marker tensors, else by its metadata (kohya's and Stability's keys).
 *
 * @throws ModelError `layout-unsupported` for CosXL's and other parameterisations that are not built, by name
 */
export function parameterisation({ path, tensors, metadata }: WeightFile): Parameterisation {
  const name = basename(path);
  for (const [marker, meaning] of Object.entries(unsupported)) {
    if (!tensors.has(marker)) continue;
    const message = `${name} is marked as using ${meaning} (tensor ${marker}), which is not supported yet.`;
    throw new ModelError("layout-unsupported", message, { path, key: marker });
  }
  const key = "modelspec.prediction_type";
  const word = metadata.get(key)?.trim().toLowerCase();
  const worded = word === undefined || word === "" ? undefined : predictionOf(word);
  if (word !== undefined && word !== "" && worded === undefined) {
    const said = /^[\w. -]{1,40}$/.test(word) ? word : "something else";
    const message = `${name} says that it predicts neither noise nor v (${key}: ${said}), which is not supported.`;
    throw new ModelError("layout-unsupported", message, { path, key });
  }
  const edm = ["edm_mean", "edm_std"].find((marker) => tensors.has(marker));
  const predictions: Hint<Prediction>[] = [
    ...(edm === undefined ? [] : [{ says: "edm", by: `the tensor ${edm}` } as const]),
    ...(tensors.has("v_pred") ? [{ says: "v", by: "the tensor v_pred" } as const] : []),
    ...(worded === undefined ? [] : [{ says: worded, by: key }]),
    ...flag(metadata, "ss_v_parameterization").map(
      ({ says, by }) => ({ says: says ? "v" : "eps", by }) as const,
    ),
  ];
  const terminal: Hint<boolean>[] = [
    ...(tensors.has("ztsnr") ? [{ says: true, by: "the tensor ztsnr" }] : []),
    ...flag(metadata, "ss_zero_terminal_snr"),
  ];
  return {
    prediction: predictions[0]?.says ?? "eps",
    schedule: terminal[0]?.says === true ? "zero-terminal-snr" : "scaled-linear",
    notes: [
      ...contradiction(name, predictions, (says) => predictionNames[says]),
      ...contradiction(name, terminal, (says) => (says ? "zero terminal SNR" : "no zero terminal SNR")),
    ],
  };
}

/** Python's words for a truth value, as kohya's metadata has them. */
function flag(metadata: ReadonlyMap<string, string>, key: string): readonly Hint<boolean>[] {
  const word = metadata.get(key)?.trim().toLowerCase();
  return word === "true" || word === "false" ? [{ says: word === "true", by: key }] : [];
}

function contradiction<T>(name: string, hints: readonly Hint<T>[], word: (says: T) => string): string[] {
  const [first, ...rest] = hints;
  const other = rest.find(({ says }) => first !== undefined && says !== first.says);
  if (first === undefined || other === undefined) return [];
  return [
    `${name} contradicts itself: ${first.by} means ${word(first.says)}, ${other.by} means ${word(other.says)}. It is drawn with ${word(first.says)}; a JSON file beside it can decide otherwise.`,
  ];
}

/** What whoever owns a checkpoint says of how it is sampled (the JSON file beside it); left out is not said. */
export type SampledAs = Readonly<{
  prediction?: Prediction | undefined;
  zeroTerminalSnr?: boolean | undefined;
}>;

/** The checkpoint as the file beside it says that it is sampled: that decides where both say something. */
export function sampledAs(checkpoint: Checkpoint, said: SampledAs | undefined): Checkpoint {
  const { prediction = checkpoint.prediction, zeroTerminalSnr } = said ?? {};
  const { schedule } = checkpoint;
  if (zeroTerminalSnr === undefined) return { ...checkpoint, prediction, schedule };
  return { ...checkpoint, prediction, schedule: zeroTerminalSnr ? "zero-terminal-snr" : "scaled-linear" };
}
