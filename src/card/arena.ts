const mebibyte = 2 ** 20;

/** Allocations are multiples of it. */
const grain = 256;
/** Up to here each new region is twice as large as the last one. */
const largestDoubling = 1024 * mebibyte;
/** A free piece that is not much larger than what is wanted is handed out whole, unless so much of it would lie idle. */
const mostIdle = 128 * mebibyte;

type Piece = { size: number; free: boolean };

/**
 * How ONNX Runtime's arena (its best-fit allocator with coalescing) grows on a card: it is never given back while a network is open, and its
 * regions double, so that it takes up to four times what a run needs at once. The sizes of its regions are what the provider of 1.30
 * asked for in `scripts/check/cuda-placement`.
 */
export class Arena {
  readonly #regions: Piece[][] = [];
  readonly #pieces = new Map<string, Readonly<{ region: Piece[]; piece: Piece }>>();
  #next = mebibyte;
  /** Bytes of all regions. */
  bytes = 0;

  take(name: string, bytes: number): void {
    const size = Math.max(grain, Math.ceil(bytes / grain) * grain);
    let found = this.#best(size);
    if (found === undefined) {
      this.#grow(size);
      found = this.#best(size);
    }
    if (found === undefined) return;
    const { region, piece } = found;
    piece.free = false;
    const rest = piece.size - size;
    if (piece.size >= 2 * size || rest >= mostIdle) {
      piece.size = size;
      region.splice(region.indexOf(piece) + 1, 0, { size: rest, free: true });
    }
    this.#pieces.set(name, found);
  }

  give(name: string): void {
    const held = this.#pieces.get(name);
    if (held === undefined) return;
    this.#pieces.delete(name);
    const { region, piece } = held;
    piece.free = true;
    const at = region.indexOf(piece);
    const after = region[at + 1];
    if (after?.free === true) {
      piece.size += after.size;
      region.splice(at + 1, 1);
    }
    const before = region[at - 1];
    if (before?.free === true) {
      before.size += piece.size;
      region.splice(at, 1);
    }
  }

  #best(size: number): Readonly<{ region: Piece[]; piece: Piece }> | undefined {
    let best: Readonly<{ region: Piece[]; piece: Piece }> | undefined;
    for (const region of this.#regions)
      for (const piece of region)
        if (piece.free && piece.size >= size && piece.size < (best?.piece.size ?? Infinity))
          best = { region, piece };
    return best;
  }

  #grow(size: number): void {
    const fits = size <= this.#next;
    while (size > this.#next) this.#next *= 2;
    this.#regions.push([{ size: this.#next, free: true }]);
    this.bytes += this.#next;
    if (fits && this.#next < largestDoubling) this.#next *= 2;
  }
}
