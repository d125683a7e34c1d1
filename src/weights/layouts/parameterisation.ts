import { basename } from "node:path";
import { ModelError } from "#/lib/errors.ts";
import type { Checkpoint, Doubts, NoiseSchedule, Prediction } from "../checkpoint.ts";
import type { WeightFile } from "../weight-file.ts";
import { cosxlMark } from "./cosxl.ts";
import { type HintedAt, hintOf } from "./prediction-hints.ts";

/** What a network predicts, on which betas it was trained, and where the file contradicts itself or leaves it open. */
export type Parameterisation = Readonly<{
  prediction: Prediction;
  schedule: NoiseSchedule;
  doubts: Doubts;
}>;

/** As sentences call them. */
const predictionNames: Readonly<Record<Prediction, string>> = {
  eps: "noise prediction",
  v: "v-prediction",
  edm: "Playground 2.5's EDM parameterisation",
  "edm-v": "CosXL's EDM parameterisation",
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
 * @throws ModelError `layout-unsupported` for parameterisations that are not built, by name
 */
export function parameterisation(file: WeightFile): Parameterisation {
  const { path, tensors, metadata } = file;
  const name = basename(path);
  const key = "modelspec.prediction_type";
  const word = metadata.get(key)?.trim().toLowerCase();
  const worded = word === undefined || word === "" ? undefined : predictionOf(word);
  if (word !== undefined && word !== "" && worded === undefined) {
    const said = /^[\w. -]{1,40}$/.test(word) ? word : "something else";
    const message = `${name} says that it predicts neither noise nor v (${key}: ${said}), which is not supported.`;
    throw new ModelError("layout-unsupported", message, { path, key });
  }
  const edm = ["edm_mean", "edm_std"].find((marker) => tensors.has(marker));
  const cosxl = cosxlMark(file);
  const predictions: Hint<Prediction>[] = [
    ...(cosxl === undefined ? [] : [{ says: "edm-v", by: `the tensor ${cosxl}` } as const]),
    ...(edm === undefined ? [] : [{ says: "edm", by: `the tensor ${edm}` } as const]),
    ...(tensors.has("v_pred") ? [{ says: "v", by: "the tensor v_pred" } as const] : []),
    // CosXL predicts v too, and a file that says so of it does not contradict itself.
    ...(worded === undefined || cosxl !== undefined ? [] : [{ says: worded, by: key }]),
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
    doubts: {
      prediction:
        predictions.length === 0
          ? unmarkedPrediction(file)
          : contradiction(name, predictions, (says) => predictionNames[says]),
      schedule:
        terminal.length === 0
          ? unmarkedSchedule(file)
          : contradiction(name, terminal, (says) => (says ? "zero terminal SNR" : "no zero terminal SNR")),
    },
  };
}

/** Many models are older than all marks, and are known by their names alone: guessing would be as silent as not to. */
function unmarkedPrediction(file: WeightFile): string[] {
  const hinted = (at: HintedAt, wants: string, way: string): string[] => {
    const place = hintOf(file, at);
    if (place === undefined) return [];
    return [
      `${basename(file.path)} may want ${wants}, as ${place} hints, but has no mark that says so: it is drawn with ${predictionNames.eps}. ${way}`,
    ];
  };
  return [
    ...(["v", "edm"] as const).flatMap((at) =>
      hinted(
        at,
        predictionNames[at],
        `If that is wrong, a JSON file beside it can decide otherwise (prediction_type: ${at}).`,
      ),
    ),
    ...(["the image itself", "a flow"] as const).flatMap((at) =>
      hinted(at, `to predict ${at}`, "Nothing here can draw it otherwise."),
    ),
  ];
}

function unmarkedSchedule(file: WeightFile): string[] {
  const place = hintOf(file, "zero");
  if (place === undefined) return [];
  return [
    `${basename(file.path)} may want zero terminal SNR, as ${place} hints, but has no mark that says so: it is drawn without. If that is wrong, a JSON file beside it can decide otherwise (zero_terminal_snr: true).`,
  ];
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

/**
 * The checkpoint as the file beside it says that it is sampled: that decides where both say something, and settles what
 * the file left in doubt.
 */
export function sampledAs(checkpoint: Checkpoint, said: SampledAs | undefined): Checkpoint {
  const { prediction, zeroTerminalSnr } = said ?? {};
  const { doubts } = checkpoint;
  const open: Doubts = {
    prediction: prediction === undefined ? doubts.prediction : [],
    schedule: zeroTerminalSnr === undefined ? doubts.schedule : [],
  };
  const settled = [...doubts.prediction, ...doubts.schedule].filter(
    (doubt) => !open.prediction.includes(doubt) && !open.schedule.includes(doubt),
  );
  return {
    ...checkpoint,
    prediction: prediction ?? checkpoint.prediction,
    schedule:
      zeroTerminalSnr === undefined
        ? checkpoint.schedule
        : zeroTerminalSnr
          ? "zero-terminal-snr"
          : "scaled-linear",
    doubts: open,
    notes: checkpoint.notes.filter((note) => !settled.includes(note)),
  };
}
