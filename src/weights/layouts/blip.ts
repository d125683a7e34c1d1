import { basename } from "node:path";
import { ModelError } from "#/lib/errors.ts";
import { below, type WeightMap } from "../checkpoint.ts";
import { refuseUnfinished } from "../tail.ts";
import type { WeightFile } from "../weight-file.ts";
import { recogniseForeign } from "./foreign.ts";
import { neededBlip } from "./names/blip.ts";
import type { OwnFile, OwnPart } from "./part-source.ts";
import { checkPart, counted } from "./whole.ts";

/** Names of the file that Fooocus loads, of the same as safetensors, and of the larger one of the same authors. */
export const blipNames = [
  "model_base_caption_capfilt_large.pth",
  "model_base_caption_capfilt_large.safetensors",
  "model_large_caption.pth",
  "model_large_caption.safetensors",
] as const;

/** BERT's uncased vocabulary, and the two tokens that BLIP puts behind it: `[DEC]` and `[ENC]`. */
export const blipTokens = 30_524;

/** A picture of 384 x 384 in patches of 16 x 16, and the class token before them. */
const places = 577;

/** What begins the names of a captioner's two halves, of which each alone is something else. */
const halves = ["visual_encoder.", "text_decoder."];

/** Relatives that are no captioner in these names, by a name that only they have; the first that fits says what it is. */
const relatives: readonly (readonly [RegExp, string])[] = [
  [
    /(^|\.)(qformer|Qformer)\.|^query_tokens$|^(language|opt|t5)_proj/,
    "a BLIP-2, whose text is a large language model's; only the first BLIP is read",
  ],
  [/^text_encoder\./, "a BLIP that compares texts with pictures or answers questions, and captions none"],
  [/^vision_model\.|^text_decoder\./, "a BLIP in transformers' names"],
];

/** A BLIP that captions pictures (Li et al. 2022), a file of its own in the clip_vision folder. */
export const blipFile = {
  kind: "clip_vision",
  prefixes: ["", "model."],
  knownBy: "visual_encoder.cls_token",
  read: (file: WeightFile): OwnPart => blipTensors(file),
  missing: `has no captioner inside: put ${blipNames[0]} into the clip_vision folder.`,
} as const satisfies OwnFile;

/**
 * The tensors of a BLIP captioner, base or large, under its own repository's names.
 *
 * @returns and what of the file is not used
 * @throws ModelError `layout-unsupported` with what the file is instead, or what is wrong with its tensors
 */
export function blipTensors(file: WeightFile): OwnPart {
  const { path } = file;
  const prefix = blipFile.prefixes.find((before) => file.tensors.has(before + blipFile.knownBy));
  const own = prefix === undefined ? file.tensors : below(file.tensors, prefix);
  const whole = halves.every((half) => own.keys().some((key) => key.startsWith(half)));
  if (prefix === undefined || !whole || isQuestioned(own)) throw otherThanBlip(path, own);
  const needed = neededBlip(own);
  const tensors = new Map([...own].filter(([key]) => needed.has(key)));
  checkPart({ path, title: "captioner", prefix }, tensors, needed, []);
  refuseOtherSizes(path, tensors);
  refuseUnfinished(file);
  const unused = [...own.keys()].filter((key) => !needed.has(key) && !known.test(key));
  const notes =
    unused.length === 0 ? [] : [`${basename(path)} has ${counted(unused)} that captions do not need.`];
  return { tensors, notes };
}

/** A counter that torch keeps, and the head's bias, which is there under two names. */
const known = /(^|\.)position_ids$|^text_decoder\.cls\.predictions\.decoder\.bias$/;

/** One that answers questions has a decoder as well, which looks at an encoded question; the one for all has the head of a matcher. */
const isQuestioned = (tensors: WeightMap): boolean =>
  tensors.keys().some((key) => key.startsWith("text_encoder.")) && !tensors.has("itm_head.weight");

function otherThanBlip(path: string, tensors: WeightMap): ModelError {
  const keys = [...tensors.keys()];
  const [, found] = relatives.find(([pattern]) => keys.some((key) => pattern.test(key))) ?? [];
  const is = found ?? recogniseForeign(tensors);
  const message = `${basename(path)} is not a captioner that is read here (BLIP in its own names, with ${blipFile.knownBy}): it is ${is}. Get ${blipNames[0]}.`;
  return new ModelError("layout-unsupported", message, { path, found: is });
}

/** Refuses what is a captioner of another size of pictures or another vocabulary. */
function refuseOtherSizes(path: string, tensors: WeightMap): void {
  const words = tensors.get("text_decoder.bert.embeddings.word_embeddings.weight")?.shape[0];
  const seen = tensors.get("visual_encoder.pos_embed")?.shape[1];
  const what =
    words !== blipTokens
      ? `has ${words} tokens, BLIP's are ${blipTokens}`
      : seen !== places
        ? `sees a picture in ${seen} places, the captioners in ${places}, of 384 x 384`
        : undefined;
  if (what === undefined) return;
  throw new ModelError("layout-unsupported", `${basename(path)} cannot be used for captions: it ${what}.`, {
    path,
  });
}
