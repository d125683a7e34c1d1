import { createHash } from "node:crypto";
import type { FleetJob, ModelFile } from "../../jobs.ts";
import type { LineInfo } from "../../lines.ts";
import { wireOf } from "../../wire.ts";

const infos = wireOf<Omit<LineInfo, "name">>();
const names = wireOf<readonly unknown[]>();

const inOrder = (a: ModelFile, b: ModelFile): number =>
  a.kind.localeCompare(b.kind, "en") || a.name.localeCompare(b.name, "en") || a.bytes - b.bytes;

/** How the lines of a recipe version begin. */
export const lineStart = (recipeVersion: number): string => `v${recipeVersion}-`;

/** The line of a job: that of all jobs that need the same files, in whatever order they are told. */
export function lineOf({ recipeVersion, needs, checkpoint }: FleetJob): LineInfo {
  const files = needs.map(({ kind, name, bytes }) => ({ kind, name, bytes })).toSorted(inOrder);
  const about = names.write([checkpoint, ...files.map(({ kind, name, bytes }) => [kind, name, bytes])]);
  const digest = createHash("sha256").update(about).digest("hex").slice(0, 16);
  return { name: lineStart(recipeVersion) + digest, recipeVersion, needs: files, checkpoint };
}

/** What is kept of a line beside its name. */
export const writeLine = ({ recipeVersion, needs, checkpoint }: LineInfo): string =>
  infos.write({ recipeVersion, needs, checkpoint });

export const readLine = (name: string, text: string): LineInfo => ({
  ...infos.read(text),
  name,
});
