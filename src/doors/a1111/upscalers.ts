import type { Catalog } from "#/catalog/catalog.ts";
import { likelyNames } from "#/lib/nearest-names.ts";
import { stem } from "./reading/stem.ts";

/** What enlarges without a network. */
export const plainUpscalers = ["None", "Lanczos"] as const;

/** A name of an upscaler as it is meant: a file, a way without a network, or something that is not here. */
export type AskedUpscaler = Readonly<
  | { by: "network"; file: string }
  | { by: (typeof plainUpscalers)[number] }
  | { by: "unknown"; similar: string }
>;

/** What a name of an upscaler means here; nothing said is `None`. */
export function upscalerCalled(said: string | null, catalog: Pick<Catalog, "names">): AskedUpscaler {
  const name = said?.trim() ?? "";
  const plain = plainUpscalers.find((one) => same(one, name || "None"));
  if (plain !== undefined) return { by: plain };
  const files = catalog.names("upscale_models");
  const file = files.find((one) => same(one, name) || same(stem(one), stem(name)));
  if (file !== undefined) return { by: "network", file };
  const near = likelyNames(name, [...plainUpscalers, ...files.map(stem)]);
  return { by: "unknown", similar: near.length === 0 ? "" : ` (similar: ${near.join(", ")})` };
}

const same = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();
