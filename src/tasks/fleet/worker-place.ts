import type { Roll } from "#/fleet/roll.ts";
import { EngineError } from "#/lib/errors.ts";
import type { Log } from "#/lib/log.ts";
import { folderMark, markName } from "#/stores/folder-mark.ts";
import type { ImageStore } from "#/stores/images.ts";
import { bucketOf, type PlaceConfig, shownBucket } from "./head-place.ts";
import { isSamePlace, type PicturePlace, toldPlace } from "./picture-place.ts";

/** Milliseconds between two looks for a head, and between two looks whether all is as it was. */
const headEvery = 1_000;
const lookEvery = 5_000;

/** Where the heads keep pictures: waits for one that says it. */
export async function placeOfHeads(
  roll: Pick<Roll, "members">,
  log: Pick<Log, "info">,
): Promise<PicturePlace> {
  let told = await toldPlace(roll);
  if (told !== undefined) return told;
  log.info("no head of the fleet is there, which says where the pictures are; waiting for one");
  while (told === undefined) {
    await Bun.sleep(headEvery);
    // A Redis that is gone for a while is waited for as well.
    told = await toldPlace(roll).catch(() => undefined);
  }
  return told;
}

/**
 * The settings of a worker with the place of the pictures as heads say it, where it names none itself.
 *
 * @throws EngineError `bad-setting` where its own differ, or its folders are not those of the heads
 */
export async function settledPlace<C extends PlaceConfig>(config: C, place: PicturePlace): Promise<C> {
  if (place.at === "folders") {
    const trouble =
      config.pictures.trim() === ""
        ? await folderTrouble(config, place)
        : "The heads of this fleet keep pictures in a folder, and this worker names a bucket; start it without the setting pictures, and with their folders as outputs and inputs.";
    if (trouble !== undefined) throw new EngineError("bad-setting", trouble);
    return config;
  }
  if (config.pictures.trim() !== "" && !isSamePlace(bucketOf(config), place)) {
    const message = `The heads of this fleet keep pictures in ${shownBucket(place)}, and this worker in ${config.pictures}; leave out its settings pictures, s3_endpoint and s3_region: it takes theirs.`;
    throw new EngineError("bad-setting", message);
  }
  return { ...config, pictures: place.pictures, s3_endpoint: place.endpoint, s3_region: place.region };
}

/** Why the folders here are not those of the heads, in a sentence. */
async function folderTrouble(
  { outputs, inputs }: Pick<PlaceConfig, "outputs" | "inputs">,
  place: Extract<PicturePlace, { at: "folders" }>,
): Promise<string | undefined> {
  for (const [name, folder, wanted] of [
    ["outputs", outputs, place.outputs],
    ["inputs", inputs, place.inputs],
  ] as const) {
    const mark = await folderMark(folder);
    if (mark === wanted) continue;
    const found = mark === undefined ? `has no file ${markName}` : `has another ${markName} than theirs`;
    return `The ${name} folder ${folder} is not that of the heads of this fleet: it ${found}. Mount their ${name} folder there, or name where it is with --${name}.`;
  }
  return undefined;
}

/** Looks from time to time whether a worker's pictures would be where heads look for them. */
export class PlaceWatch {
  readonly #roll: Pick<Roll, "members">;
  readonly #folders: Pick<PlaceConfig, "outputs" | "inputs">;
  readonly #log: Pick<Log, "info" | "warn">;
  readonly #timer: ReturnType<typeof setInterval>;
  #place: PicturePlace;
  #trouble: string | undefined;
  #looking = false;

  constructor(
    place: PicturePlace,
    folders: Pick<PlaceConfig, "outputs" | "inputs">,
    roll: Pick<Roll, "members">,
    log: Pick<Log, "info" | "warn">,
  ) {
    this.#place = place;
    this.#folders = folders;
    this.#roll = roll;
    this.#log = log;
    this.#timer = setInterval(() => void this.#look(), lookEvery);
    this.#timer.unref();
  }

  /** Why no tasks are taken now; nothing where they are. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** Images that are written only where the heads find them. What was to be written otherwise fails, and the trouble is known. */
  guarded(images: ImageStore): ImageStore {
    const { onTheWay } = images;
    const check = async (): Promise<void> => {
      const trouble = await this.#troubleOf(this.#place);
      this.#tell(trouble);
      if (trouble !== undefined) throw new EngineError("storage-away", trouble);
    };
    return {
      ...images,
      put: async (...picture) => {
        await check();
        return await images.put(...picture);
      },
      onTheWay: {
        of: (task) => onTheWay.of(task),
        drop: (task) => onTheWay.drop(task),
        dropOthers: (tasks) => onTheWay.dropOthers(tasks),
        keep: async (...picture) => {
          await check();
          return await onTheWay.keep(...picture);
        },
      },
    };
  }

  async #look(): Promise<void> {
    // A folder behind a network that hangs answers nothing.
    if (this.#looking)
      return this.#tell("The folders of pictures do not answer; look at what is mounted there.");
    this.#looking = true;
    try {
      const told = await toldPlace(this.#roll).catch(() => undefined);
      if (told !== undefined && told.at !== this.#place.at)
        return this.#tell("The heads keep pictures elsewhere now; start this worker again.");
      if (told?.at === "folders") this.#place = told;
      const isMoved = told !== undefined && !isSamePlace(told, this.#place);
      this.#tell(
        isMoved
          ? "The heads keep pictures in another bucket now; start this worker again."
          : await this.#troubleOf(this.#place),
      );
    } finally {
      this.#looking = false;
    }
  }

  async #troubleOf(place: PicturePlace): Promise<string | undefined> {
    return place.at === "folders" ? await folderTrouble(this.#folders, place) : undefined;
  }

  #tell(trouble: string | undefined): void {
    if (trouble === this.#trouble) return;
    this.#trouble = trouble;
    if (trouble === undefined) this.#log.info("the pictures' place is there again; tasks are taken");
    else this.#log.warn("no tasks are taken", { reason: trouble });
  }
}
