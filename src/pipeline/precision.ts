import type { Precision } from "#/lib/devices.ts";
import { EngineError, isStorageCode } from "#/lib/errors.ts";
import type { FullReason } from "#/lib/full-reason.ts";
import type { DerivedFiles } from "#/runtime/derived-files.ts";
import type { CodedLayers } from "#/runtime/open-network.ts";
import type { Fact } from "./generate.ts";

/** What settling a precision needs. */
export type PrecisionMeans = Readonly<{
  /** Why the machine gains nothing by fewer bits; undefined where it does. */
  whyFull: () => Promise<FullReason | undefined>;
  /** The layers in 8 bits of the networks that the job announces. */
  coded: () => readonly CodedLayers[];
  derived: Pick<DerivedFiles, "outlook" | "of" | "budget">;
  inUse: (path: string) => boolean;
  /** Asked between two files. @throws Interruption */
  checkStop: () => void;
}>;

/**
 * In which precision a job with `fast` is drawn, with the files made that it needs: once for a checkpoint, a piece after the
 * other, so that a stop, a crash or another server loses or takes no more than one. Where that is not possible, or brings
 * nothing, the job is drawn in full precision and the reason told.
 *
 * @throws Interruption where it was stopped meanwhile, ModelError where a file of the job is not what it should be
 */
export async function* settledPrecision(means: PrecisionMeans): AsyncGenerator<Fact, Precision, undefined> {
  const reason = (await means.whyFull()) ?? (yield* prepared(means));
  if (reason === undefined) return "fast";
  yield { type: "note", note: { note: "full-precision", reason } };
  return "full";
}

/** @returns why there are no files to draw with */
async function* prepared({
  coded,
  derived,
  inUse,
  checkStop,
}: PrecisionMeans): AsyncGenerator<Fact, FullReason | undefined, undefined> {
  const networks = coded();
  const kept = networks.map(({ kept: own }) => own());
  const [layers, full] = [total(kept.map((own) => own.layers)), total(kept.map((own) => own.full))];
  if (full === layers) return { because: "changed", layers };
  const { bytes, missing } = await derived.outlook(
    networks.flatMap((network) => network.files()),
    checkStop,
  );
  if (bytes > derived.budget) return { because: "cache", needed: bytes, budget: derived.budget };
  for (const [part, file] of missing.entries()) {
    checkStop();
    yield { type: "progress", at: { stage: "coding", image: 0, part, parts: missing.length } };
    try {
      await derived.of(file, inUse);
    } catch (thrown) {
      if (!(thrown instanceof EngineError && isStorageCode(thrown.code))) throw thrown;
      return { because: "storage", message: thrown.message };
    }
  }
  if (full > 0) yield { type: "note", note: { note: "layers-full", layers, full } };
  return undefined;
}

const total = (numbers: readonly number[]): number => numbers.reduce((sum, n) => sum + n, 0);
