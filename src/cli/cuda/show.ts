import { inUnits } from "#/lib/in-units.ts";
import type { AddingTo } from "#/native/cuda/add-wheels.ts";
import { cudaVersion, type DriverAnswer } from "#/native/cuda/driver-answer.ts";
import { missingWheels, unsoundWheels } from "#/native/cuda/folder.ts";
import { type CudaLook, lookAtCuda } from "#/native/cuda/look.ts";
import { bytesOf, type Wheel } from "#/native/cuda/set.ts";
import { troubleSentence } from "#/native/cuda/trouble.ts";
import { leaveWhenInterrupted } from "../when-interrupted.ts";
import { cardLine } from "./card-line.ts";

/**
 * Prints what there is of CUDA, what is missing, and how to mend it.
 *
 * @returns 0 where it can be used, else 1
 */
export async function showCuda(
  to: AddingTo,
  { verify, json }: Readonly<{ verify: boolean; json: boolean }>,
): Promise<0 | 1> {
  leaveWhenInterrupted();
  const { set, ...place } = to;
  const look = await lookAtCuda({ place, set, asks: true });
  const missing = await (verify ? unsoundWheels : missingWheels)(place.folder, set);
  const isOurs = look.installed && missing.length < set.wheels.length;
  const lines = [
    ["driver", ...driverLines(look.driver)],
    ["libraries", ...libraryLines(look, missing, to)],
  ] as const;
  const usable = look.troubles.length === 0 && !(verify && isOurs && missing.length > 0);
  if (json) printJson(look, missing, usable);
  else {
    for (const [name, ...said] of lines)
      for (const [index, line] of said.entries())
        console.log(`${(index === 0 ? name : "").padEnd(11)}${line}`);
    for (const trouble of look.troubles) console.log(`${"wrong".padEnd(11)}${troubleSentence(trouble)}`);
    console.log(usable ? "CUDA can be used." : howToMend(isOurs || !look.installed ? missing : []));
  }
  return usable ? 0 : 1;
}

function driverLines(driver: DriverAnswer | undefined): readonly string[] {
  switch (driver?.kind) {
    case undefined:
    case "none":
      return ["none"];
    case "failed":
    case "silent":
    case "crashed":
      return ["it does not work"];
    case "answers":
      return [
        `NVIDIA's ${driver.version ?? "(it does not say which)"}, which knows CUDA ${cudaVersion(driver.cuda)}`,
        ...driver.cards.map(cardLine),
      ];
  }
}

function libraryLines(
  { folder, installed }: CudaLook,
  missing: readonly Wheel[],
  { set }: AddingTo,
): readonly string[] {
  const what = `ONNX Runtime ${set.runtime}'s provider for CUDA ${set.cuda}, and what it needs`;
  if (missing.length === 0) return [`${what}: all in ${folder}`];
  if (installed && missing.some(({ project }) => project === "onnxruntime-gpu"))
    return [`a provider from elsewhere, in ${folder}`];
  const lacking = missing.map(({ project, version }) => `${project} ${version}`).join(", ");
  return [`${missing.length} of ${set.wheels.length} wheels are missing in ${folder}: ${lacking}`];
}

function howToMend(missing: readonly Wheel[]): string {
  if (missing.length === 0) return "CUDA cannot be used; the lines above say what helps.";
  return [
    "To add what is missing:",
    `  fooocusd cuda add --fetch    fetches ${inUnits(bytesOf(missing))} from the Python Package Index`,
    "  fooocusd cuda add FOLDER     takes these from a folder, wherever they were fetched:",
    ...missing.map(
      ({ project, version, file }) => `    ${file}  (https://pypi.org/project/${project}/${version}/#files)`,
    ),
  ].join("\n");
}

function printJson(look: CudaLook, missing: readonly Wheel[], usable: boolean): void {
  const { folder, installed, driver, troubles } = look;
  const told = {
    usable,
    folder,
    installed,
    driver: driver ?? { kind: "none" },
    missing: missing.map(({ project, version, file, bytes, sha256 }) => ({
      project,
      version,
      file,
      bytes,
      sha256,
    })),
    troubles: troubles.map((trouble) => ({ kind: trouble.kind, sentence: troubleSentence(trouble) })),
  };
  console.log(JSON.stringify(told, undefined, 2));
}
