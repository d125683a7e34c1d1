import type { Resolved } from "./resolve.ts";

/**
 * The form of what is kept, and what becomes of it. Raise it with every change of `Recipe` or `Resolved` that recipes kept before
 * would not fit: tasks that were accepted before are resolved from their requests then. Raise it also where the same recipe
 * becomes another picture, so that of a fleet's workers each takes what it makes as the head expects it.
 */
export const recipeVersion = 8;

/** Texts longer than this are kept once, however many pictures have them. */
const shortText = 40;

/** What was kept, or why it cannot be used: nothing was, another version wrote it, or it is damaged. */
export type KeptRecipe = Readonly<
  { kind: "kept"; resolved: Resolved } | { kind: "none" } | { kind: "damaged" }
>;

/**
 * A recipe and what the texts of its pictures say, as JSON that loses no digit. With a digest, since a disk may lose some
 * and what was damaged must not become another picture.
 */
export function writeKeptRecipe(resolved: Resolved): string {
  const texts = new Map<string, number>();
  const placeOf = (text: string): number => {
    const place = texts.get(text) ?? texts.size;
    texts.set(text, place);
    return place;
  };
  const value = JSON.stringify(resolved, (_key, item: unknown) => {
    if (typeof item === "bigint") return { $whole: item.toString() };
    return typeof item === "string" && item.length > shortText ? { $text: placeOf(item) } : item;
  });
  const list = JSON.stringify([...texts.keys()]);
  return `{"version":${recipeVersion},"digest":"${digestOf(list, value)}","texts":${list},"value":${value}}`;
}

/** @param text what {@link writeKeptRecipe} wrote, of this version or another; nothing if nothing was kept */
export function readKeptRecipe(text: string | undefined): KeptRecipe {
  if (text === undefined) return { kind: "none" };
  const read = parsed(text);
  if (typeof read?.version !== "number") return { kind: "damaged" };
  if (read.version !== recipeVersion) return { kind: "none" };
  const { digest, texts, value } = read;
  if (digest !== digestOf(JSON.stringify(texts) ?? "", JSON.stringify(value) ?? ""))
    return { kind: "damaged" };
  // The digest says that these are the very characters that were made of a recipe.
  return { kind: "kept", resolved: restored(value, texts as readonly string[]) as Resolved };
}

type Read = Readonly<{ version?: unknown; digest?: unknown; texts?: unknown; value?: unknown }>;

function parsed(text: string): Read | undefined {
  try {
    const read: unknown = JSON.parse(text);
    return typeof read === "object" && read !== null ? read : undefined;
  } catch {
    return undefined;
  }
}

const digestOf = (texts: string, value: string): string =>
  new Bun.CryptoHasher("sha256").update(texts).update("\n").update(value).digest("hex");

/** Puts whole numbers and texts back where they stood. */
function restored(item: unknown, texts: readonly string[]): unknown {
  if (Array.isArray(item)) return item.map((one: unknown) => restored(one, texts));
  if (typeof item !== "object" || item === null) return item;
  if ("$whole" in item && typeof item.$whole === "string") return BigInt(item.$whole);
  if ("$text" in item && typeof item.$text === "number") return texts[item.$text];
  return Object.fromEntries(Object.entries(item).map(([key, value]) => [key, restored(value, texts)]));
}
