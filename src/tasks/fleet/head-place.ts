import type { Config } from "#/config/schema.ts";
import { EngineError } from "#/lib/errors.ts";
import { folderMark, markFolder, markName } from "#/stores/folder-mark.ts";
import { isSamePlace, type PicturePlace } from "./picture-place.ts";

/** Which settings say where pictures lie. */
export type PlaceConfig = Pick<Config, "outputs" | "inputs" | "pictures" | "s3_endpoint" | "s3_region">;

/**
 * Where this head keeps pictures; folders are marked, so that others find that theirs are the same.
 *
 * @param told where other heads keep them: theirs are marked already, and others are left as they are
 * @throws EngineError of a store
 */
export async function headPlace(config: PlaceConfig, told: PicturePlace | undefined): Promise<PicturePlace> {
  const { outputs, inputs } = config;
  if (config.pictures.trim() !== "") return bucketOf(config);
  const mark =
    told === undefined ? markFolder : async (folder: string) => (await folderMark(folder)) ?? noMark;
  return { at: "folders", outputs: await mark(outputs), inputs: await mark(inputs) };
}

/** The mark of a folder that has none, which is no other's. */
const noMark = "";

/** The bucket that the settings name. */
export const bucketOf = ({ pictures, s3_endpoint, s3_region }: PlaceConfig): PicturePlace => ({
  at: "bucket",
  pictures: pictures.trim().replace(/\/$/, ""),
  endpoint: s3_endpoint.trim().replace(/\/$/, ""),
  region: s3_region.trim(),
});

/**
 * Pictures that one head knows and another does not find would be lost to clients.
 *
 * @throws EngineError `bad-setting` where another head of the fleet keeps them elsewhere
 */
export function refuseOtherPlace(
  told: PicturePlace | undefined,
  place: PicturePlace,
  { outputs, inputs }: Readonly<{ outputs: string; inputs: string }>,
): void {
  if (told === undefined || isSamePlace(told, place)) return;
  throw new EngineError("bad-setting", otherPlace(told, place, { outputs, inputs }));
}

function otherPlace(
  told: PicturePlace,
  place: PicturePlace,
  { outputs, inputs }: Readonly<{ outputs: string; inputs: string }>,
): string {
  if (told.at === "bucket")
    return `The other heads of this fleet keep pictures in ${shownBucket(told)}; start this one with the same settings pictures, s3_endpoint and s3_region.`;
  if (place.at === "bucket")
    return "The other heads of this fleet keep pictures in a folder; start this one without the setting pictures, and with their folders as outputs and inputs.";
  const [name, folder] =
    told.outputs === place.outputs ? (["inputs", inputs] as const) : (["outputs", outputs] as const);
  const found = place[name] === noMark ? `has no file ${markName}` : `has another ${markName} than theirs`;
  return `The ${name} folder ${folder} is not that of the other heads of this fleet: it ${found}. Mount theirs there, or name it with --${name}.`;
}

/** A bucket as operators are told of it. */
export const shownBucket = ({
  pictures,
  endpoint,
  region,
}: Extract<PicturePlace, { at: "bucket" }>): string =>
  [pictures, endpoint === "" ? "" : ` at ${endpoint}`, region === "" ? "" : ` in ${region}`].join("");
