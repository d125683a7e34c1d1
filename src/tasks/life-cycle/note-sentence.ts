import type { RunNote } from "#/engine/protocol.ts";

/** What the engine found out while it worked, as a sentence for the record's warnings. */
export function noteSentence(note: RunNote): string {
  switch (note.note) {
    case "not-diffused":
      return `The enlarged picture's size number ${note.number} is above ${note.limit}: it was enlarged without diffusion, as in Fooocus, so no prompt was used and there is one result.`;
  }
}
