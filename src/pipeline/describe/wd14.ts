import { taggerFiles } from "#/catalog/tagger-files.ts";
import { bgrSquare } from "#/image/operations/bgr-square.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import { ModelError } from "#/lib/errors.ts";
import type { EngineContext } from "../context.ts";
import { readTagLabels, type TagLabels } from "./tag-labels.ts";

/** The side of the tagger's square where its file leaves it open. */
const usualSide = 448;

/** What a thing's, and a character's number must exceed (Fooocus' `extras/wd14tagger.py`). */
const limits = { general: 0.35, character: 0.85 };

/**
 * What a drawing shows, in tags of a WD14 tagger: characters first, then things, each in the order of the table.
 *
 * @throws RequestError `missing-model` where a file is gone, ModelError where one is not what it is called, or both do not belong
 *   together
 */
export async function tagsOf(
  picture: Pixmap,
  { foreign, modelText }: Pick<EngineContext, "foreign" | "modelText">,
): Promise<string> {
  const { network, labels } = taggerFiles;
  const tagger = foreign("tagger", network.name);
  const named = readTagLabels(modelText(labels.folder, labels.name), labels.name);
  const side = tagger.file.inputs[0]?.dims?.[1] ?? usualSide;
  const answer = await tagger.run({ dims: [1, side, side, 3], data: bgrSquare(picture, side) });
  if (answer.data.length !== named.names.length) {
    const message = `${network.name} has ${answer.data.length} tags and ${labels.name} names ${named.names.length}: they belong to different taggers. Get both from ${network.source.replace(/\/[^/]*$/, "")}.`;
    throw new ModelError("layout-unsupported", message, { path: tagger.file.path });
  }
  return tagText(answer.data, named);
}

/** The tags that are sure enough, as prompts write them: blanks for underscores, and brackets that mean nothing else. */
function tagText(shares: Float32Array, { names, general, characters }: TagLabels): string {
  const sure = (from: number, to: number, limit: number): readonly string[] =>
    names.slice(from, to).filter((name, at) => name !== "" && (shares[from + at] ?? 0) > limit);
  return [...sure(characters, names.length, limits.character), ...sure(general, characters, limits.general)]
    .map((name) => name.replace(/[()]/g, "\\$&").replaceAll("_", " "))
    .join(", ");
}
