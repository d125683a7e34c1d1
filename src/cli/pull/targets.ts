import { basename } from "node:path";
import { type Downloadable, downloadOf, downloads } from "#/catalog/downloads.ts";
import { type ModelKind, modelKinds } from "#/catalog/find-model.ts";
import { EngineError, RequestError } from "#/lib/errors.ts";
import { nearestNames } from "#/lib/nearest-names.ts";
import { presetFiles, sourceOf } from "#/recipe/preset-files.ts";
import type { Presets } from "#/recipe/read-presets.ts";
import type { Given } from "../invocation.ts";

/** What is to be fetched, and what of it nobody here knows an address of. */
export type Targets = Readonly<{ files: readonly Downloadable[]; homeless: readonly string[] }>;

/**
 * What the words of a command mean: presets, names of files, addresses.
 *
 * @throws RequestError for a name that nobody knows
 * @throws EngineError `bad-setting` for an address whose file has no name or folder
 */
export function targetsOf(words: readonly string[], presets: Presets, options: Given["options"]): Targets {
  const found = words.map((word) => {
    if (/^[a-z]+:\/\//i.test(word)) return { files: [atAddress(word, options)], homeless: [] };
    if (presets.presets.has(word)) return ofPreset(word, presets);
    const file = downloadOf(word);
    if (file === undefined) throw unknown(word, presets);
    return { files: [file], homeless: [] };
  });
  const files = found.flatMap((one) => one.files);
  return {
    files: [...new Map(files.map((file) => [`${file.folder}/${file.name}`, file])).values()],
    homeless: [...new Set(found.flatMap(({ homeless }) => homeless))],
  };
}

/** The files of a preset: from where its own file says, else from where they are known to be. */
function ofPreset(name: string, { presets, addresses }: Presets): Targets {
  const said = addresses.get(name) ?? [];
  const named = presetFiles(presets.get(name) ?? {}).map((file) => ({
    ...file,
    source: sourceOf(said, file),
  }));
  const extra = said.filter((one) => one.folder === "embeddings");
  return {
    files: [...named.flatMap(({ source }) => source ?? []), ...extra],
    homeless: named.flatMap(({ source, folder, name: file }) =>
      source === undefined ? [`${folder}/${file}`] : [],
    ),
  };
}

function atAddress(address: string, { kind, as, sha256 }: Given["options"]): Downloadable {
  const url = URL.parse(address);
  const folder = modelKinds.find((one) => one === kind);
  const name = typeof as === "string" ? as : decodeURIComponent(basename(url?.pathname ?? ""));
  const refuse = (message: string): never => {
    throw new EngineError("bad-setting", message);
  };
  if (folder === undefined)
    return refuse(`--kind says into which folder a file of an address belongs: ${modelKinds.join(", ")}.`);
  if (!/^[^/\\\0]+\.\w+$/.test(name) || name.startsWith("."))
    return refuse(
      `The address names no file that could be kept (${JSON.stringify(name)}); --as says what to call it.`,
    );
  if (sha256 !== undefined && !(typeof sha256 === "string" && /^[0-9a-f]{64}$/i.test(sha256)))
    return refuse("--sha256 takes the 64 hex digits of a SHA-256.");
  return {
    folder: folder satisfies ModelKind,
    name,
    address,
    ...(typeof sha256 === "string" ? { sha256: sha256.toLowerCase() } : {}),
  };
}

function unknown(word: string, { presets }: Presets): RequestError {
  const near = nearestNames(word, [...presets.keys(), ...downloads.map(({ name }) => name)]);
  const meant = near.length === 0 ? "" : ` Near it: ${near.join(", ")}.`;
  const message = `No preset and no file is known here as ${JSON.stringify(word)}.${meant} pull --list lists the files; an address is fetched as it is.`;
  return new RequestError("unknown-model", message, { value: word });
}
