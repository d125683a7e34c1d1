import { isJsonObject, type Json } from "#/api/json.ts";
import type { Member, Roll } from "#/fleet/roll.ts";

/** Where the pictures of a fleet lie, as its heads say it: folders by their marks, or a bucket by the settings. Never with keys. */
export type PicturePlace = Readonly<
  | { at: "folders"; outputs: string; inputs: string }
  | { at: "bucket"; pictures: string; endpoint: string; region: string }
>;

/** Under which name it stands among the facts of a member. */
export const placeFact = "pictures_at";

/** What a member says of it. */
export function placeOf({ facts }: Member): PicturePlace | undefined {
  const place: Json | undefined = facts[placeFact];
  if (place === undefined || !isJsonObject(place)) return undefined;
  const text = (name: string): string => {
    const said = place[name];
    return typeof said === "string" ? said : "";
  };
  switch (place["at"]) {
    case "folders":
      return { at: "folders", outputs: text("outputs"), inputs: text("inputs") };
    case "bucket":
      return {
        at: "bucket",
        pictures: text("pictures"),
        endpoint: text("endpoint"),
        region: text("region"),
      };
    default:
      return undefined;
  }
}

/** Where the heads of a fleet that are there keep pictures; nothing where none is there. @throws EngineError `fleet-unavailable` */
export const toldPlace = async (roll: Pick<Roll, "members">): Promise<PicturePlace | undefined> =>
  placeSaid((await roll.members()).filter(({ role }) => role === "head"));

/** The same of heads that are known. */
export const placeSaid = (heads: readonly Member[]): PicturePlace | undefined =>
  heads.map(placeOf).find((place) => place !== undefined);

/** Whether two machines mean the same. */
export const isSamePlace = (a: PicturePlace, b: PicturePlace): boolean =>
  JSON.stringify(a) === JSON.stringify(b);
