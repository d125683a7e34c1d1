import type { RunNote } from "#/engine/protocol.ts";

const enlargers = { network: "by another, small network", lanczos: "without a network, by Lanczos" } as const;

/** What the engine found out while it worked, as a sentence for the record's warnings. */
export function noteSentence(note: RunNote): string {
  switch (note.note) {
    case "part-enlarged":
      return `The part of the picture around the hole is smaller than what is drawn, and was enlarged ${enlargers[note.by]}: Fooocus' fooocus_upscaler_s409985e5.bin is not in models/upscale_models.`;
    case "blackened":
      return `Picture ${note.image + 1} is black: the safety checker found what it looks for in the one that was made (black_out_nsfw).`;
  }
}
