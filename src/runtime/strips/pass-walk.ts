import { BugError } from "#/lib/errors.ts";
import { groups } from "#/networks/blocks/strip-operators.ts";
import { isFiniteThroughout, type Tensor } from "#/tensor/tensor.ts";
import type { Session } from "../session.ts";
import { Bands } from "./bands.ts";
import { type Pass, rowsRead, type Subject } from "./plan.ts";
import { RowsReader } from "./rows-reader.ts";
import { Statistics } from "./statistics.ts";

/** What stays between two passes. */
export type Kept = {
  features: Bands;
  hidden?: Bands | undefined;
  tokens?: Readonly<Record<"queries" | "keys" | "values", Float32Array>> | undefined;
  readonly known: Map<Subject, Statistics>;
};

/** One pass over the rows. */
export class PassWalk {
  readonly #pass: Pass;
  readonly #kept: Kept;
  readonly #features: RowsReader;
  readonly #hidden: RowsReader | undefined;
  readonly #target: Bands | undefined;
  readonly #statistics = new Statistics();
  readonly #facts: Readonly<Record<string, Tensor>>;

  constructor(pass: Pass, kept: Kept) {
    this.#pass = pass;
    this.#kept = kept;
    const { part, into, rows } = pass;
    // Of two neighbours, what the first reads below its end the second reads too.
    const overlap = rowsRead(part, 0, rows)[1] - rowsRead(part, rows, 2 * rows)[0];
    this.#features = new RowsReader(kept.features, overlap);
    if (part.kind === "second" && kept.hidden !== undefined) this.#hidden = new RowsReader(kept.hidden, 2);
    this.#target = this.#prepared(into);
    const known = pass.norms.flatMap((subject, norm) => {
      const { shift, factor } = statisticsOf(kept, subject).known;
      return [[`shift${norm}`, shift] as const, [`factor${norm}`, factor] as const];
    });
    this.#facts = Object.fromEntries(known);
  }

  async strip(from: number, session: Session): Promise<void> {
    const { size, rows } = this.#pass;
    const end = Math.min(from + rows, size.height);
    const answer = await session.run(this.#inputs(from, end), this.#outputs(from, end));
    const { mean, squares } = answer;
    const count = ((end - from) * size.width * size.channels) / groups;
    if (mean !== undefined && squares !== undefined)
      this.#statistics.add({ mean: mean.data, squares: squares.data, count });
  }

  /** @returns whether what was computed are numbers */
  finish(): boolean {
    const { into, gives } = this.#pass;
    const kept = this.#kept;
    if (gives !== undefined) kept.known.set(gives, this.#statistics);
    const target = this.#target;
    switch (into) {
      case "nowhere":
      case "over-features":
      case "tokens":
        break;
      case "hidden":
        kept.hidden = target;
        break;
      case "over-hidden":
        kept.hidden = undefined;
        this.#replace(target);
        break;
      case "features":
        kept.tokens = undefined;
        this.#replace(target);
        break;
      case "answer":
        this.#replace(target);
        return kept.features.data.every(isFiniteThroughout);
    }
    return gives === undefined || this.#statistics.isFinite;
  }

  #replace(features: Bands | undefined): void {
    if (features === undefined) return;
    this.#kept.features.drop();
    this.#kept.features = features;
  }

  #prepared(into: Pass["into"]): Bands | undefined {
    const { size, rows } = this.#pass;
    switch (into) {
      case "nowhere":
        return undefined;
      case "over-features":
        return this.#kept.features;
      case "over-hidden":
        return this.#kept.hidden;
      case "tokens": {
        const length = size.channels * size.height * size.width;
        const array = (): Float32Array => new Float32Array(length);
        this.#kept.tokens = { queries: array(), keys: array(), values: array() };
        return undefined;
      }
      case "features":
      case "hidden":
      case "answer":
        return new Bands(size, rows);
    }
  }

  #inputs(from: number, end: number): Record<string, Tensor> {
    const { part, size } = this.#pass;
    const { features } = this.#kept;
    const [first, last] = rowsRead(part, from, end);
    const rows = last - first;
    const { channels, width, height } = features.size;
    const inputs: Record<string, Tensor> = {
      x: { dims: [1, channels, rows, width], data: this.#features.read(first, last) },
      ...this.#facts,
    };
    const inside = Float32Array.from({ length: rows }, (_, row) =>
      first + row >= 0 && first + row < height ? 1 : 0,
    );
    inputs["inside"] = { dims: [1, 1, rows, 1], data: inside };
    const hidden = this.#hidden?.read(from - 1, end + 1);
    if (hidden !== undefined)
      inputs["hidden"] = { dims: [1, size.channels, end - from + 2, size.width], data: hidden };
    return part.kind === "mixed" ? { ...inputs, ...this.#attended(from, end) } : inputs;
  }

  #attended(from: number, end: number): Record<string, Tensor> {
    const { keys, values } = this.#tokens();
    const { channels, width, height } = this.#pass.size;
    const all = [1, width * height, channels];
    return {
      queries: { dims: [1, (end - from) * width, channels], data: this.#pixels("queries", from, end) },
      keys: { dims: all, data: keys },
      values: { dims: all, data: values },
    };
  }

  /** Where the strip's answer goes. */
  #outputs(from: number, end: number): Record<string, Tensor> {
    const { into, size, rows } = this.#pass;
    if (into === "tokens") {
      const dims = [1, (end - from) * size.width, size.channels];
      const port = (name: "queries" | "keys" | "values"): Tensor => ({
        dims,
        data: this.#pixels(name, from, end),
      });
      return { queries: port("queries"), keys: port("keys"), values: port("values") };
    }
    const data = this.#target?.data[from / rows];
    return data === undefined ? {} : { y: { dims: [1, size.channels, end - from, size.width], data } };
  }

  #pixels(name: "queries" | "keys" | "values", from: number, end: number): Float32Array {
    const { width, channels } = this.#pass.size;
    return this.#tokens()[name].subarray(from * width * channels, end * width * channels);
  }

  #tokens(): NonNullable<Kept["tokens"]> {
    const { tokens } = this.#kept;
    if (tokens === undefined) throw new BugError("Attention was asked for before its tokens.");
    return tokens;
  }
}

function statisticsOf({ known }: Kept, subject: Subject): Statistics {
  const statistics = known.get(subject);
  if (statistics === undefined) throw new BugError(`A norm reads ${subject}, of which nothing is known yet.`);
  return statistics;
}
