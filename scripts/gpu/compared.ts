import { captionNetworks, networks, sd1Networks } from "#/networks/index.ts";
import type { Compared } from "../../test/support/elsewhere.ts";

/** How far some answers are off: the worst of them, how many, and how many are not made of numbers. */
export type Off = Readonly<{ worst: number; answers: number; noNumbers: number }>;

/** All networks, by their names. */
const all = Object.values({ ...networks, ...sd1Networks, ...captionNetworks });

const offOf = (list: readonly Compared[]): Off => ({
  worst: Math.max(0, ...list.map(({ off }) => off ?? 0)),
  answers: list.length,
  noNumbers: list.filter(({ off }) => off === null).length,
});

/**
 * Of every network of the product's tables the answers that it declares as its proof. One that nothing was compared of is there too,
 * without an answer, so that it is seen.
 */
export const byNetwork = (compared: readonly Compared[]): Readonly<Record<string, Off>> =>
  Object.fromEntries(
    all.map(({ name, goldens }) => {
      const keys = new Set(goldens.answers);
      return [name, offOf(compared.filter(({ key, unit }) => unit === "part" && keys.has(key)))];
    }),
  );

/** Of every test file: tensors in parts of the largest value, pictures in levels of 255. */
export const byFile = (
  compared: readonly Compared[],
): Readonly<Record<string, Readonly<{ tensors: Off; pictures: Off }>>> =>
  Object.fromEntries(
    [...Map.groupBy(compared, ({ at }) => at.replace(/\.test\.ts.*/, ""))].map(([file, list]) => [
      file,
      {
        tensors: offOf(list.filter(({ unit }) => unit === "part")),
        pictures: offOf(list.filter(({ unit }) => unit === "levels")),
      },
    ]),
  );
