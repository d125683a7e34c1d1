import divaFile from "#/assets/styles/diva.json";
import fooocusFile from "#/assets/styles/fooocus.json";
import marcFile from "#/assets/styles/marc_k3nt3l.json";
import mreFile from "#/assets/styles/mre.json";
import saiFile from "#/assets/styles/sai.json";
import twriFile from "#/assets/styles/twri.json";
import animal from "#/assets/wildcards/animal.txt" with { type: "text" };
import artist from "#/assets/wildcards/artist.txt" with { type: "text" };
import color from "#/assets/wildcards/color.txt" with { type: "text" };
import colorFlower from "#/assets/wildcards/color_flower.txt" with { type: "text" };
import extendedColor from "#/assets/wildcards/extended-color.txt" with { type: "text" };
import flower from "#/assets/wildcards/flower.txt" with { type: "text" };
import nationality from "#/assets/wildcards/nationality.txt" with { type: "text" };
import { wildcardLines } from "#/catalog/fooocus-folder.ts";
import type { Style } from "./styles.ts";
import type { Wildcards } from "./wildcards.ts";

/** The styles of this program, under the reference's names and in its order; `Random Style` draws by that order. */
const shippedStyles: readonly Style[] = [
  ...fooocusFile,
  ...saiFile,
  ...mreFile,
  ...twriFile,
  ...divaFile,
  ...marcFile,
];

const shippedWildcards: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    animal,
    artist,
    color,
    color_flower: colorFlower,
    "extended-color": extendedColor,
    flower,
    nationality,
  }).map(([name, text]) => [name, wildcardLines(text)]),
);

/**
 * The shipped styles with a user's own: one of the same name takes the place of ours, the others follow in their order.
 */
export function withShippedStyles(own: readonly Style[]): readonly Style[] {
  const byName = new Map([...shippedStyles, ...own].map((style) => [style.name, style]));
  return [...byName.values()];
}

/** A user's own wildcard files, and ours where they have none of that name. */
export const withShippedWildcards =
  (own: Wildcards): Wildcards =>
  (name) =>
    own(name) ?? shippedWildcards.get(name);

/** Names of a user's own wildcard files and of ours, each once. */
export const withShippedNames = (own: readonly string[]): readonly string[] => [
  ...new Set([...own, ...shippedWildcards.keys()]),
];
