import { imageFields, keptInputName } from "#/api/stored.ts";
import { pngSize } from "#/image/png-size.ts";
import type { ImageStore } from "#/stores/images.ts";

type Size = NonNullable<ReturnType<typeof pngSize>>;

/** What of a request names pictures, whether it was filled or not. */
export type Picturing = Readonly<{ [K in (typeof imageFields)[number]]?: string | null }> &
  Readonly<{ controlnet_image?: readonly Readonly<{ cn_img?: string | null }>[] }>;

/** Sizes that are known at once: a name is the hash of a content, so what was seen once stays so. */
const most = 10_000;

/**
 * Sizes of the inputs that requests name. A recipe is resolved without waiting for anything, so the files, which may lie
 * elsewhere, are looked at before.
 */
export class InputSizes {
  readonly #images: Pick<ImageStore, "input">;
  readonly #known = new Map<string, Size>();

  constructor(images: Pick<ImageStore, "input">) {
    this.#images = images;
  }

  /** Looks at the inputs that a request names, those it does not know; one that is not there stays unknown. */
  async look(request: Picturing): Promise<void> {
    for (const name of namesIn(request)) {
      if (this.#known.has(name)) continue;
      const path = await this.#images.input(name);
      const size = path === undefined ? undefined : pngSize(path);
      if (size !== undefined) this.#keep(name, size);
    }
  }

  /** The size of an input that was looked at. */
  of(name: string): Size | undefined {
    return this.#known.get(name);
  }

  #keep(name: string, size: Size): void {
    this.#known.set(name, size);
    const oldest = this.#known.size > most ? this.#known.keys().next().value : undefined;
    if (oldest !== undefined) this.#known.delete(oldest);
  }
}

function namesIn(request: Picturing): readonly string[] {
  const slots = request.controlnet_image ?? [];
  const said = [...imageFields.map((field) => request[field]), ...slots.map(({ cn_img }) => cn_img)];
  return said.flatMap((value) => (typeof value === "string" ? (keptInputName(value) ?? []) : []));
}
