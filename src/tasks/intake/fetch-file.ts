import { join } from "node:path";
import { type Downloadable, mirrored } from "#/catalog/downloads.ts";
import { folderFor } from "#/catalog/find-model.ts";
import { whyNotWhole } from "#/catalog/why-not-whole.ts";
import { EngineError } from "#/lib/errors.ts";
import { type DownloadParts, download } from "#/outgoing/download/download.ts";

/** Where files are put, and from where they come. */
export type FetchPlaces = Readonly<{ models: readonly string[]; mirror: string }>;

/** What a file is fetched from, and where it is put. */
export type FileToFetch = Readonly<{ address: string; path: string }>;

/**
 * Where a model file comes from and goes to.
 *
 * @throws EngineError `bad-setting` where no folder takes its kind
 */
export function fileToFetch(
  { folder, name, address }: Downloadable,
  { models, mirror }: FetchPlaces,
): FileToFetch {
  const into = folderFor(models, folder);
  if (into !== undefined) return { address: mirrored(address, mirror), path: join(into, name) };
  const message = `No folder of --models takes ${folder}; name one that is laid out like Fooocus' models.`;
  throw new EngineError("bad-setting", message);
}

/**
 * Fetches a model file into its folder.
 *
 * @returns its SHA-256
 * @throws as `download`
 */
export const fetchFile = (
  file: Downloadable,
  to: FileToFetch,
  parts: Omit<DownloadParts, "refuse">,
): Promise<string> =>
  download({ ...file, ...to }, { ...parts, refuse: (part) => whyNotWhole(part, file.name) });
