import type { RunNote } from "#/engine/protocol.ts";
import { clientSentence } from "#/lib/client-sentence.ts";
import type { FullReason } from "#/lib/full-reason.ts";

const enlargers = { network: "by another, small network", lanczos: "without a network, by Lanczos" } as const;

/** What the engine found out while it worked, as a sentence for the record's warnings. */
export function noteSentence(note: RunNote): string {
  switch (note.note) {
    case "part-enlarged":
      return `The part of the picture around the hole is smaller than what is drawn, and was enlarged ${enlargers[note.by]}: Fooocus' fooocus_upscaler_s409985e5.bin is not in models/upscale_models.`;
    case "device-missed":
      return `Drawn on ${note.on} instead of ${note.device}, single values may be rounded otherwise. ${clientSentence({ code: "provider-missing", message: note.reason, details: {} })}`;
    case "full-precision":
      return `precision fast was drawn in full precision: ${fullReason(note.reason)}.`;
    case "layers-full":
      return `precision fast: ${note.full} of ${note.layers} layers kept their full precision, because a LoRA, a patch or a Control-LoRA changes their weights themselves.`;
    case "blackened":
      return `Picture ${note.image + 1} is black: the safety checker found what it looks for in the one that was made (black_out_nsfw).`;
    case "region-empty":
      return `Region ${note.region + 1} (enhance_ctrls.${note.region}) was left out of picture ${note.picture + 1}: nothing of it was found, or nothing was left of it once it had been grown, shrunk or turned round.`;
    case "face-cropped":
      return `${faceImage(note)} ${found(note)}.`;
  }
}

const megabytes = (bytes: number): number => Math.ceil(bytes / 2 ** 20);

function fullReason(reason: FullReason): string {
  switch (reason.because) {
    case "device":
      return `the engine works on ${reason.device}, and 8 bits are for processors`;
    case "processor":
      return "this processor lacks the instructions for products of 8 bits (VNNI), without which their sums are cut off";
    case "error":
      return `tried on this machine, products in 8 bits were wrong by ${(100 * reason.error).toFixed(1)} %`;
    case "gain":
      return `tried on this machine, products in 8 bits were only ${reason.gain.toFixed(2)} times as fast`;
    case "changed":
      return `a LoRA or a patch changes the weights of all ${reason.layers} layers themselves`;
    case "cache":
      return `its weights in 8 bits take ${megabytes(reason.needed)} MB on disk, and derived_cache is ${megabytes(reason.budget)} MB: raise it`;
    case "storage":
      return reason.message.replace(/\.$/, "");
  }
}

type FaceNote = Extract<RunNote, Readonly<{ note: "face-cropped" }>>;

const faceImage = ({ picture, pictures }: FaceNote): string =>
  pictures === 1 ? "The FaceSwap image" : `FaceSwap image ${picture + 1} of ${pictures}`;

function found({ faces, shrunk }: FaceNote): string {
  if (faces === 0) return "shows no face that was found: the whole picture was used";
  const where = shrunk ? " in a smaller copy, and none at its own size" : "";
  if (faces === 1) return `shows one face${where}: that was used`;
  return `shows ${faces} faces${where}: the most certain one was used`;
}
