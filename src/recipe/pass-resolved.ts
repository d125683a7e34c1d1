import type { Pass, PassPlace } from "./enhancement.ts";
import type { Resolved } from "./resolve.ts";

/** A pass of the enhancement as what it would be by itself: its recipe, which fields chose its files, and its texts. */
export function passResolved(resolved: Resolved, { picture, pass }: PassPlace): Resolved {
  const { recipe, passes, signed } = resolved;
  const planned = recipe.enhance?.pictures[picture]?.passes[pass];
  const told = passes?.[picture]?.[pass];
  if (planned === undefined || told === undefined) return resolved;
  const { written, ...fields } = told;
  return {
    ...fields,
    ...(signed === undefined ? {} : { signed }),
    inputFields: [],
    warnings: [],
    written: [written],
    recipe: { ...planned.run, inputs: [] },
  };
}

/** How the regions of a request are found, each with its place in it. */
export const regionsOf = ({
  recipe,
}: Pick<Resolved, "recipe">): readonly Extract<Pass, { kind: "region" }>[] =>
  // Pictures differ in their texts alone.
  (recipe.enhance?.pictures[0]?.passes ?? []).flatMap((pass) => (pass.kind === "region" ? [pass] : []));

/** All passes of a request, each as what it would be by itself. */
export const allPasses = (resolved: Resolved): readonly Resolved[] =>
  (resolved.recipe.enhance?.pictures ?? []).flatMap(({ passes }, picture) =>
    passes.map((_, pass) => passResolved(resolved, { picture, pass })),
  );
