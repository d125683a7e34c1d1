import { captionFile, captionFileNames } from "#/catalog/caption-file.ts";
import { detectionFileNames, detectorFile, samFile } from "#/catalog/detection-files.ts";
import { matteFile, type Published } from "#/catalog/matte-files.ts";
import { taggerFiles } from "#/catalog/tagger-files.ts";
import type { Tool } from "#/engine/protocol.ts";
import type { ModelFile } from "#/fleet/jobs.ts";

/** Bytes of a model file here; 0 where there is none. */
export type BytesOf = (kind: Published["folder"], name: string) => number;

/** The files without which a question cannot be answered, under the names that they have here. */
export const needsOfTool = (tool: Tool, bytes: BytesOf): readonly ModelFile[] =>
  filesOf(tool).map(({ folder, names }) => {
    const name = names.find((one) => bytes(folder, one) > 0) ?? names[0] ?? "";
    return { kind: folder, name, bytes: bytes(folder, name) };
  });

/** A file, and the names that it may have. */
type Sought = Readonly<{ folder: Published["folder"]; names: readonly string[] }>;

const under = ({ folder }: Published, names: readonly string[]): Sought => ({ folder, names });

function filesOf(tool: Tool): readonly Sought[] {
  if (tool.tool === "describe")
    return tool.as === "tags"
      ? Object.values(taggerFiles).map((file) => under(file, [file.name]))
      : [under(captionFile, captionFileNames)];
  const { making } = tool;
  if (making.by === "matte") {
    const file = matteFile(making.model);
    return [under(file, [file.name])];
  }
  return [detectorFile, samFile(making.sam)].map((file) => under(file, detectionFileNames(file)));
}
