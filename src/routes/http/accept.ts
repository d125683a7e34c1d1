import { formatNames, type ImageFormat } from "#/image/encode.ts";

/** A kind of answer a client takes: `image/png` is type `image` and subtype `png`, both lower-case. */
export type MediaRange = Readonly<{ type: string; subtype: string }>;

/** What an Accept header takes, what it likes best first. Without one, or with an empty one, that is anything. */
export function acceptedBy(request: Request): readonly MediaRange[] {
  const header = request.headers.get("accept")?.trim() ?? "";
  return (header === "" ? "*/*" : header.toLowerCase())
    .split(",")
    .map((part) => {
      const [range = "", ...parameters] = part.split(";").map((text) => text.trim());
      const quality = parameters.find((text) => text.startsWith("q="))?.slice(2) ?? "1";
      const [type = "", subtype = "", ...more] = range.split("/");
      return { quality: Number(quality), type: more.length === 0 ? type : "", subtype };
    })
    .filter(({ quality }) => quality !== 0)
    .toSorted((a, b) => (b.quality || 0) - (a.quality || 0));
}

/**
 * The picture that is asked for instead of JSON: the best liked kind is an image, and neither JSON nor anything is taken
 * beside it. A name that is no format of ours (`image/*`, `image/gif`, a bare `image`) means PNG.
 */
export function askedPicture(accepted: readonly MediaRange[]): ImageFormat | undefined {
  if (accepted[0]?.type !== "image" || takesJson(accepted) || takes(accepted, "*", "*")) return undefined;
  const known = accepted.flatMap(({ type, subtype }) => (type === "image" ? (formatOf(subtype) ?? []) : []));
  return known[0] ?? "png";
}

/** The format a file is to be converted to: the header's one kind is called like it, whatever stands before the slash. */
export const askedConversion = (accepted: readonly MediaRange[]): ImageFormat | undefined =>
  accepted.length === 1 ? formatOf(accepted[0]?.subtype ?? "") : undefined;

export const takesJson = (accepted: readonly MediaRange[]): boolean => takes(accepted, "application", "json");

const takes = (accepted: readonly MediaRange[], type: string, subtype: string): boolean =>
  accepted.some((range) => range.type === type && range.subtype === subtype);

const formatOf = (name: string): ImageFormat | undefined =>
  Object.hasOwn(formatNames, name) ? formatNames[name] : undefined;
