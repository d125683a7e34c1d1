import { RequestError } from "#/lib/errors.ts";
import { nearestNames } from "#/lib/nearest-names.ts";
import { stem } from "./stem.ts";

/**
 * A file by what clients of A1111 call it: its title (with or without a hash in brackets), its name, or its name without
 * folder and extension; case does not count.
 *
 * @param what  for the sentence: "checkpoint", "VAE"
 * @throws RequestError `unknown-model` naming the field and the nearest names
 */
export function modelCalled(
  said: string,
  files: readonly string[],
  { field, what }: Readonly<{ field: string; what: string }>,
): string {
  const wanted = said
    .trim()
    .replace(/\s*\[[0-9a-f]{6,64}\]$/i, "")
    .replaceAll("\\", "/");
  const found =
    files.find((file) => file === wanted) ??
    files.find((file) => same(file, wanted)) ??
    files.find((file) => same(stem(file), stem(wanted)));
  if (found !== undefined) return found;
  const near = nearestNames(wanted, files);
  const hint = near.length === 0 ? `there is no ${what} at all` : `similar: ${near.join(", ")}`;
  const shown = said.slice(0, 300);
  throw new RequestError("unknown-model", `There is no ${what} called ${JSON.stringify(shown)}; ${hint}.`, {
    field,
    value: shown,
  });
}

const same = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();
