import { existsSync, readdirSync, realpathSync, rmSync, statSync } from "node:fs";
import { constants, copyFile, link, mkdir, open, opendir, rm, rmdir, stat, unlink } from "node:fs/promises";
import { join, sep } from "node:path";
import { DecodeGate } from "#/image/decode-gate.ts";
import { EngineError } from "#/lib/errors.ts";
import { type ImageStore, isCleanName } from "../images.ts";
import { folderOnTheWay } from "./on-the-way.ts";
import { folderThumbnails } from "./thumbnails.ts";

/** Folder of files that are being written, beside those that are; on the same disk, so that a link will do. */
export const drafts = ".drafts";

/** Folder of pictures that are still worked on. */
const onTheWay = ".on-the-way";

/** Folder of small versions. */
const small = ".thumbnails";

/** By how many milliseconds the clock of another machine's disk may be ahead. */
const clockSlack = 60_000;

/** Milliseconds after which a draft is what a crash left. */
const stale = 600_000;

/**
 * Images in folders: one a day for outputs, one for inputs.
 *
 * @param outputs folder of the day folders
 * @param inputs  folder of the input pictures
 * @param random  0 up to 1, for file names
 * @param gate    where pictures wait to be decoded
 */
export function folderImages(
  outputs: string,
  inputs: string,
  random: () => number,
  gate: DecodeGate = new DecodeGate(),
): ImageStore {
  removeStaleDrafts(outputs);
  removeStaleDrafts(inputs);
  const thumbnails = folderThumbnails(join(outputs, small), gate);
  const output: ImageStore["output"] = (folder, name) =>
    isCleanName(folder) && /\.(png|jpe?g|webp)$/i.test(name) ? inside(outputs, folder, name) : undefined;
  return {
    put: async (bytes, extension, at, saveName) => {
      const { day, time } = localStamp(at);
      for (let attempt = 0; ; attempt += 1) {
        const name =
          saveName === undefined
            ? `${day}_${time}_${1000 + Math.floor(random() * 9000)}.${extension}`
            : `${saveName}${attempt === 0 ? "" : `-${attempt + 1}`}.${extension}`;
        if (await write(outputs, day, name, bytes)) return { folder: day, name };
      }
    },
    putInput: async (png) => {
      const base64 = Buffer.from(png).toString("base64");
      const name = `${new Bun.CryptoHasher("sha256").update(base64).digest("hex")}.png`;
      if (!existsSync(join(inputs, name))) await write(inputs, "", name, png);
      return name;
    },
    output,
    thumbnail: async (image, signal) => {
      const path = output(image.folder, image.name);
      return path === undefined ? undefined : await thumbnails.of(image, path, signal);
    },
    input: (name) => inside(inputs, name),
    remove: async ({ folder, name }, before) => {
      const path = isCleanName(folder) ? inside(outputs, folder, name) : undefined;
      if (path === undefined || statSync(path).mtimeMs > before + clockSlack) return false;
      await rm(path, { force: true }).catch((cause: unknown) => failed(path, "deleted", cause));
      await thumbnails.remove({ folder, name });
      await removeEmptyDay(outputs, folder);
      return true;
    },
    removeInput: (name) => {
      const path = inside(inputs, name);
      if (path === undefined) return false;
      try {
        rmSync(path, { force: true });
      } catch (cause) {
        failed(path, "deleted", cause);
      }
      return true;
    },
    sizeOf: async ({ folder, name }) => {
      const path = isCleanName(folder) ? inside(outputs, folder, name) : undefined;
      return path === undefined ? 0 : await sizeOf(path);
    },
    inputsBefore: (moment) => inputsBefore(inputs, moment),
    onTheWay: folderOnTheWay(join(outputs, onTheWay)),
  };
}

const sizeOf = async (path: string): Promise<number> =>
  await stat(path).then(
    ({ size }) => size,
    () => 0,
  );

/** The folder of a day on which nothing can be kept any more, a clock that is behind included. */
async function removeEmptyDay(outputs: string, folder: string): Promise<void> {
  if (!/^\d{4}-\d\d-\d\d$/.test(folder) || Date.now() - Date.parse(folder) < 3 * 86_400_000) return;
  // What lies there keeps it.
  await rmdir(join(outputs, folder)).catch(() => undefined);
}

async function* inputsBefore(inputs: string, moment: number): AsyncGenerator<string, void, undefined> {
  if (!existsSync(inputs)) return;
  for await (const entry of await opendir(inputs)) {
    if (!entry.isFile() || !/^[0-9a-f]{64}\.png$/.test(entry.name)) continue;
    const found = await stat(join(inputs, entry.name)).catch(() => undefined);
    if (found !== undefined && found.mtimeMs < moment) yield entry.name;
  }
}

function failed(path: string, done: "written" | "deleted", cause: unknown): never {
  const words = cause instanceof Error ? cause.message : String(cause);
  throw new EngineError("storage-failed", `${path} could not be ${done}: ${words}.`, { path }, cause);
}

/** Where a part of the path is a file and not a folder, Bun throws in spite of `throwIfNoEntry`. */
function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** The file's real path if it exists below the folder. */
function inside(root: string, ...parts: readonly string[]): string | undefined {
  if (!parts.every(isCleanName)) return undefined;
  const path = join(root, ...parts);
  if (!isFile(path)) return undefined;
  const real = realpathSync(path);
  return real.startsWith(realpathSync(root) + sep) ? real : undefined;
}

/**
 * Writes a file whole or not at all, and never over another one; it is on the disk when this returns.
 *
 * @returns whether the name was free
 * @throws EngineError `storage-failed`, a full disk for example
 */
async function write(root: string, folder: string, name: string, bytes: Uint8Array): Promise<boolean> {
  const path = join(root, folder, name);
  const draft = join(root, drafts, `${crypto.randomUUID()}.tmp`);
  try {
    await mkdir(join(root, folder), { recursive: true });
    await mkdir(join(root, drafts), { recursive: true });
    const file = await open(draft, "wx");
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    const free = await publish(draft, path);
    if (free) await syncFolder(join(root, folder));
    return free;
  } catch (cause) {
    failed(path, "written", cause);
  } finally {
    await unlink(draft).catch(() => undefined);
  }
}

/**
 * A link takes a free name in one step and refuses a taken one; where there are no links, an exclusive copy does.
 *
 * @returns whether the name was free
 */
export async function publish(draft: string, path: string): Promise<boolean> {
  const publishers = [() => link(draft, path), () => copyFile(draft, path, constants.COPYFILE_EXCL)];
  for (const put of publishers) {
    try {
      await put();
      return true;
    } catch (cause) {
      if (codeOf(cause) === "EEXIST") return false;
      if (put === publishers.at(-1) || !withoutLinks.includes(codeOf(cause))) throw cause;
    }
  }
  return false;
}

/** What file systems without hard links answer. */
export const withoutLinks: readonly string[] = [
  "EPERM",
  "ENOTSUP",
  "EOPNOTSUPP",
  "ENOSYS",
  "EXDEV",
  "EMLINK",
];

/** A name is on the disk only when its folder is. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The system's code of an error; empty where it has none. */
export const codeOf = (thrown: unknown): string =>
  thrown instanceof Error && "code" in thrown && typeof thrown.code === "string" ? thrown.code : "";

function removeStaleDrafts(root: string): void {
  const folder = join(root, drafts);
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    const { mtimeMs = Date.now() } = statSync(join(folder, name), { throwIfNoEntry: false }) ?? {};
    if (Date.now() - mtimeMs > stale) rmSync(join(folder, name), { force: true });
  }
}

function localStamp(at: Date): { day: string; time: string } {
  const two = (value: number): string => String(value).padStart(2, "0");
  return {
    day: `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`,
    time: `${two(at.getHours())}-${two(at.getMinutes())}-${two(at.getSeconds())}`,
  };
}
