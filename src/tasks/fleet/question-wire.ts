import type { Tool, ToolAnswer } from "#/engine/protocol.ts";
import type { Reply } from "#/fleet/questions.ts";
import { wireOf } from "#/fleet/wire.ts";
import { decodeImage } from "#/image/decode.ts";
import { DecodeGate } from "#/image/decode-gate.ts";
import { encodeImage } from "#/image/encode.ts";
import { encodeMask } from "#/image/encode-mask.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import { BugError, errorOf, toWireError, type WireError } from "#/lib/errors.ts";

/** A question without its picture. */
export const tools = wireOf<Tool>();

/** What is said beside the mask, which goes as a picture. */
type Said = Readonly<
  { tool: "describe"; text: string } | { tool: "mask"; found: number } | { error: WireError }
>;

const replies = wireOf<Said>();

/** The picture of a question as it goes to a worker. */
export const pngOf = (picture: Pixmap): Promise<Uint8Array> => encodeImage(picture, "png");

/** The picture as the worker reads it. */
export const pictureOf = (png: Uint8Array, gate: DecodeGate): Promise<Pixmap> =>
  decodeImage(png, "image", gate);

/** An answer as it goes back. */
export async function replyOf(answer: ToolAnswer): Promise<Reply> {
  if (answer.tool === "describe") return { text: replies.write(answer) };
  const { tool, found, mask } = answer;
  return { text: replies.write({ tool, found }), file: await encodeMask(mask, 1) };
}

/** What went wrong, as it goes back. */
export const replyOfError = (thrown: unknown): Reply => ({
  text: replies.write({ error: toWireError(thrown) }),
});

/** @throws AppError that the worker had */
export async function answerOf({ text, file }: Reply): Promise<ToolAnswer> {
  const said = replies.read(text);
  if ("error" in said) throw errorOf(said.error);
  if (said.tool === "describe") return said;
  if (file === undefined) throw new BugError("A worker answered without the mask.");
  const { width, height, data } = await decodeImage(file, "mask", new DecodeGate());
  // Grey is repeated where it is decoded.
  const grey = Uint8Array.from({ length: width * height }, (_, i) => data[3 * i] ?? 0);
  return { tool: "mask", found: said.found, mask: { width, height, channels: 1, data: grey } };
}
