import type { GenerateParams } from "#/api/generate.ts";

/** A settled request as it is meant, and what its client must be told. */
type Checked = Readonly<{ params: GenerateParams; warnings: readonly string[] }>;

/**
 * Where the server has every picture checked no request can do without: its `default_black_out_nsfw` is more than a default, as in
 * Fooocus.
 *
 * @param defaults the server's values
 */
export function alwaysChecked(
  params: GenerateParams,
  { black_out_nsfw: always }: Pick<GenerateParams, "black_out_nsfw">,
): Checked {
  if (!always || params.black_out_nsfw) return { params, warnings: [] };
  const warning =
    "black_out_nsfw stays on: this server has every picture checked (default_black_out_nsfw in its configuration).";
  return { params: { ...params, black_out_nsfw: true }, warnings: [warning] };
}
