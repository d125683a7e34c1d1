import { type OwnFileKind, severalKinds } from "#/weights/layouts/part-source.ts";
import type { ModelPaths } from "./job-files.ts";

/** Files for parts that no checkpoint holds, in the order that a job names them, as its paths have them: alone or in a list. */
export function ownPaths(
  files: readonly Readonly<{ kind: OwnFileKind; path: string }>[],
): Pick<ModelPaths, OwnFileKind> {
  const several: readonly OwnFileKind[] = severalKinds;
  const ofKind = (kind: OwnFileKind): readonly string[] =>
    files.flatMap((file) => (file.kind === kind ? [file.path] : []));
  return Object.fromEntries(
    files.map(({ kind, path }) => [kind, several.includes(kind) ? ofKind(kind) : path]),
  );
}
