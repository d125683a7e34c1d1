import type { Network } from "#/networks/network.ts";

/** A table of networks, as far as its proof goes. */
type Table = Readonly<Record<string, Pick<Network, "name" | "goldens">>>;

/**
 * Walks a table of networks.
 *
 * @param have listings and answers that there are
 * @returns what is wrong with the proof of a network, a sentence each
 */
export function missingGoldens(
  table: Table,
  have: Readonly<{ listings: ReadonlySet<string>; answers: ReadonlySet<string> }>,
): readonly string[] {
  return Object.entries(table).flatMap(([name, { name: own, goldens }]) => [
    ...(own === name ? [] : [`${name} calls itself ${own}`]),
    ...(have.listings.has(goldens.listing)
      ? []
      : [
          `${name} has no listing ${goldens.listing}: run UPDATE_LISTINGS=1 bun test test/golden/listings.test.ts`,
        ]),
    ...(goldens.answers.length > 0 ? [] : [`${name} names no answer of the reference`]),
    ...goldens.answers
      .filter((key) => !have.answers.has(key))
      .map((key) => `${name} has no answer ${key}: let scripts/golden/networks.py write it, and compare it`),
  ]);
}
