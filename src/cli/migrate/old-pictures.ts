import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { contractDefaults } from "#/api/generate.ts";
import { writeJson } from "#/api/json.ts";
import { toStored } from "#/api/stored.ts";
import { pictureSize } from "#/image/picture-size.ts";
import { AppError } from "#/lib/errors.ts";
import { settle } from "#/recipe/settle.ts";
import { statusWords } from "#/stores/history/rows.ts";
import { isCleanName } from "#/stores/images.ts";
import { readFooocusLog } from "#/stores/metadata/fooocus-log.ts";
import type { ReadMetadata } from "#/stores/metadata/metadata.ts";
import { readMetadata } from "#/stores/metadata/read.ts";
import { requestOfImage } from "#/tasks/picture-texts/request-of-image.ts";
import type { Destination } from "./destination.ts";

/** A picture in a folder of its day. */
export type OldPicture = Readonly<{ path: string; folder: string; name: string; bytes: number }>;

/** What names of pictures' models and styles are compared with. */
type World = Parameters<typeof requestOfImage>[1];

/** What became of a picture: `bare` is one of whose making nothing is known. */
type Fate = "taken" | "bare" | "there" | "unreadable";

/** The pictures of an outputs folder: those in folders, as Fooocus makes one a day. */
export function picturesIn(outputs: string): readonly OldPicture[] {
  const folders = readdirSync(outputs, { withFileTypes: true })
    .filter((entry) => (entry.isDirectory() || entry.isSymbolicLink()) && isCleanName(entry.name))
    .map(({ name }) => name)
    .toSorted();
  return folders.flatMap((folder) =>
    filesIn(join(outputs, folder)).flatMap((name): readonly OldPicture[] => {
      const path = join(outputs, folder, name);
      const stats = statSync(path, { throwIfNoEntry: false });
      return stats?.isFile() === true ? [{ path, folder, name, bytes: stats.size }] : [];
    }),
  );
}

function filesIn(folder: string): readonly string[] {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return [];
  return readdirSync(folder)
    .filter((name) => /\.(png|jpe?g|webp)$/i.test(name) && isCleanName(name))
    .toSorted();
}

/** Takes pictures of Fooocus' page, of which no history has a row: each becomes a task that has ended. */
export class PictureTaker {
  readonly #world: World;
  readonly #into: Destination;
  /** The last log that was read: pictures come in the order of their days. */
  #log: Readonly<{ path: string; entries: ReadonlyMap<string, ReadMetadata> }> | undefined;

  constructor(world: World, into: Destination) {
    this.#world = world;
    this.#into = into;
  }

  async take(picture: OldPicture): Promise<Fate> {
    const taskId = idOf(picture);
    if (this.#into.has(taskId)) return "there";
    const size = await pictureSize(picture.path);
    if (size === undefined) return "unreadable";
    const known = this.#logOf(picture).get(picture.name) ?? (await embedded(picture.path));
    const asked = known === undefined ? undefined : requestOfImage(known, this.#world);
    const settled = settle(
      { ...asked?.request, output_format: formatOf(picture.name) },
      { defaults: contractDefaults, preset: {}, randomSeed: () => 0n },
    );
    const { name } = await this.#into.putOutput(picture.path, picture.folder, picture.name);
    const url = `${this.#into.base}/outputs/${picture.folder}/${encodeURIComponent(name)}`;
    const seed = known?.facts.seed?.toString() ?? "";
    const warnings = asked?.warnings ?? [
      "Nothing is known of the making of this picture but when it was made.",
    ];
    const at = timeOf(picture);
    this.#into.put({
      record: {
        task_id: taskId,
        req_params: writeJson(toStored(settled)),
        in_queue_mills: at,
        start_mills: at,
        finish_mills: at,
        task_status: statusWords.finished,
        progress: 100,
        webhook_url: "",
        result: writeJson([url]),
      },
      extra: {
        images: writeJson([{ index: 0, url, ...size, seed, timings: null }]),
        warnings: writeJson(warnings),
      },
    });
    return known === undefined ? "bare" : "taken";
  }

  #logOf({ path, name }: OldPicture): ReadonlyMap<string, ReadMetadata> {
    const log = join(path.slice(0, -name.length), "log.html");
    if (this.#log?.path !== log)
      this.#log = { path: log, entries: readFooocusLog(existsSync(log) ? readFileSync(log, "utf8") : "") };
    return this.#log.entries;
  }
}

/** The same for the same picture, so that it is taken once. */
const idOf = ({ folder, name, bytes }: OldPicture): string =>
  createHash("sha256").update(`${folder}/${name} ${bytes}`).digest("hex").slice(0, 32);

/** A picture that says nothing that can be read is one of whose making nothing is known. */
async function embedded(path: string): Promise<ReadMetadata | undefined> {
  try {
    return await readMetadata(readFileSync(path), path);
  } catch (thrown) {
    if (thrown instanceof AppError) return undefined;
    throw thrown;
  }
}

const formatOf = (name: string): string => {
  const end = name.slice(name.lastIndexOf(".") + 1).toLowerCase();
  return end === "jpg" ? "jpeg" : end;
};

/** When it was made: its name says it to the second, in local time; else the file. Milliseconds since 1970. */
function timeOf({ path, name }: OldPicture): number {
  const said = /^(\d{4})-(\d\d)-(\d\d)_(\d\d)-(\d\d)-(\d\d)_/.exec(name)?.slice(1).map(Number);
  const [year = 0, month = 1, day, hour, minute, second] = said ?? [];
  if (said === undefined) return Math.round(statSync(path).mtimeMs);
  return new Date(year, month - 1, day, hour, minute, second).getTime();
}
