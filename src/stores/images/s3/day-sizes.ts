import type { Bucket } from "./bucket.ts";

/** Milliseconds for which a listing is taken for what there is: sizes are asked for by hundreds. */
const lasts = 60_000;

/** Days that are known at once. */
const mostDays = 8;

/** Sizes of outputs, by listing a day at a time: retention asks for those of a whole history. */
export class DaySizes {
  readonly #bucket: Pick<Bucket, "list">;
  readonly #days = new Map<string, Readonly<{ at: number; sizes: Promise<ReadonlyMap<string, number>> }>>();

  constructor(bucket: Pick<Bucket, "list">) {
    this.#bucket = bucket;
  }

  /** Bytes of what lies in a folder under a name; 0 for nothing. @throws EngineError of a store */
  async of(folder: string, name: string): Promise<number> {
    const known = this.#days.get(folder);
    const day = known !== undefined && Date.now() - known.at < lasts ? known : this.#ask(folder);
    return (await day.sizes).get(name) ?? 0;
  }

  /** Something was put there, or deleted. */
  forget(folder: string): void {
    this.#days.delete(folder);
  }

  #ask(folder: string) {
    const day = { at: Date.now(), sizes: this.#list(`outputs/${folder}/`) };
    this.#days.delete(folder);
    this.#days.set(folder, day);
    day.sizes.catch(() => this.#days.delete(folder));
    const oldest = this.#days.size > mostDays ? this.#days.keys().next().value : undefined;
    if (oldest !== undefined) this.#days.delete(oldest);
    return day;
  }

  async #list(below: string): Promise<ReadonlyMap<string, number>> {
    const sizes = new Map<string, number>();
    for await (const { key, size } of this.#bucket.list(below)) sizes.set(key.slice(below.length), size);
    return sizes;
  }
}
