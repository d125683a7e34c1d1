import type { Config } from "#/config/schema.ts";
import type { Roll } from "#/fleet/roll.ts";
import { EngineError } from "#/lib/errors.ts";
import { markFolder, markName } from "#/stores/folder-mark.ts";
import { isSamePlace, type PicturePlace, toldPlace } from "./picture-place.ts";

/** Which settings say where pictures lie. */
export type PlaceConfig = Pick<Config, "outputs" | "inputs" | "pictures" | "s3_endpoint" | "s3_region">;

/** Where this head keeps pictures; folders are marked, so that others find that theirs are the same. @throws EngineError `storage-failed` */
export async function headPlace(config: PlaceConfig): Promise<PicturePlace> {
  const { outputs, inputs } = config;
  if (config.pictures.trim() !== "") return bucketOf(config);
  return { at: "folders", outputs: await markFolder(outputs), inputs: await markFolder(inputs) };
}

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
export async function refuseOtherPlace(
  roll: Pick<Roll, "members">,
  place: PicturePlace,
  { id, outputs, inputs }: Readonly<{ id: string; outputs: string; inputs: string }>,
): Promise<void> {
  const told = await toldPlace(roll, id);
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
  const [name, folder] = told.outputs === place.outputs ? ["inputs", inputs] : ["outputs", outputs];
  return `The ${name} folder ${folder} is not that of the other heads of this fleet (its file ${markName} differs from theirs); mount theirs there, or name it with --${name}.`;
}

/** A bucket as operators are told of it. */
export const shownBucket = ({
  pictures,
  endpoint,
  region,
}: Extract<PicturePlace, { at: "bucket" }>): string =>
  [pictures, endpoint === "" ? "" : ` at ${endpoint}`, region === "" ? "" : ` in ${region}`].join("");
