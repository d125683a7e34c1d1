import { existsSync, realpathSync, statSync } from "node:fs";
import { opendir, rm, rmdir, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import { DecodeGate } from "#/image/decode-gate.ts";
import { type ImageStore, isCleanName } from "../images.ts";
import { guardedInputs, type InputPlace } from "./input-guard.ts";
import { localStamp } from "./local-stamp.ts";
import { folderOnTheWay } from "./on-the-way.ts";
import { folderThumbnails } from "./thumbnails.ts";
import { failed, removeStaleDrafts, writeFile } from "./write-file.ts";

/** Folder of pictures that are still worked on. */
const onTheWay = ".on-the-way";

/** Folder of small versions. */
const small = ".thumbnails";

/** Folder of inputs that are being deleted, where several servers may delete. */
const aside = ".removed";

/** By how many milliseconds the clock of another machine's disk may be ahead. */
const clockSlack = 60_000;

/** Milliseconds after which a draft is what a crash left. */
const stale = 600_000;

/** The same of what may be another server's, whose clock may differ, and whose task may wait for long. */
const staleAmongOthers = { drafts: 3_600_000, onTheWay: 7 * 86_400_000 } as const;

/**
 * Images in folders: one a day for outputs, one for inputs. They are this server's alone.
 *
 * @param outputs folder of the day folders
 * @param inputs  folder of the input pictures
 * @param random  0 up to 1, for file names
 * @param gate    where pictures wait to be decoded
 */
export const folderImages = (
  outputs: string,
  inputs: string,
  random: () => number,
  gate: DecodeGate = new DecodeGate(),
): ImageStore => imagesIn({ outputs, inputs, random, gate, isShared: false });

/**
 * The same in folders that several servers have at once, by NFS or SMB for example. No name is given twice, what another
 * server is writing stays, and an input that another one comes to name while it is deleted here is put back.
 */
export const sharedImages = (
  outputs: string,
  inputs: string,
  random: () => number,
  gate: DecodeGate = new DecodeGate(),
): ImageStore => imagesIn({ outputs, inputs, random, gate, isShared: true });

type Folders = Readonly<{
  outputs: string;
  inputs: string;
  random: () => number;
  gate: DecodeGate;
  isShared: boolean;
}>;

function imagesIn({ outputs, inputs, random, gate, isShared }: Folders): ImageStore {
  for (const root of [outputs, inputs]) removeStaleDrafts(root, isShared ? staleAmongOthers.drafts : stale);
  const thumbnails = folderThumbnails(join(outputs, small), gate);
  const output: ImageStore["output"] = async (folder, name) =>
    isCleanName(folder) && /\.(png|jpe?g|webp)$/i.test(name) ? inside(outputs, folder, name) : undefined;
  return {
    put: async (bytes, extension, at, saveName) => {
      const { day, time } = localStamp(at);
      for (let attempt = 0; ; attempt += 1) {
        const name =
          saveName === undefined
            ? `${day}_${time}_${1000 + Math.floor(random() * 9000)}.${extension}`
            : `${saveName}${attempt === 0 ? "" : `-${attempt + 1}`}.${extension}`;
        if (await writeFile(outputs, day, name, bytes)) return { folder: day, name };
      }
    },
    putInput: async (png) => {
      const base64 = Buffer.from(png).toString("base64");
      const name = `${new Bun.CryptoHasher("sha256").update(base64).digest("hex")}.png`;
      if (!existsSync(join(inputs, name))) await writeFile(inputs, "", name, png);
      return name;
    },
    output,
    thumbnail: async (image, signal) => {
      const path = await output(image.folder, image.name);
      return path === undefined ? undefined : await thumbnails.of(image, path, signal);
    },
    ...guardedInputs(inputPlace(inputs, isShared)),
    remove: async ({ folder, name }, before) => {
      const path = isCleanName(folder) ? inside(outputs, folder, name) : undefined;
      if (path === undefined || statSync(path).mtimeMs > before + clockSlack) return false;
      await rm(path, { force: true }).catch((cause: unknown) => failed(path, "deleted", cause));
      await thumbnails.remove({ folder, name });
      await removeEmptyDay(outputs, folder);
      return true;
    },
    sizeOf: async ({ folder, name }) => {
      const path = isCleanName(folder) ? inside(outputs, folder, name) : undefined;
      return path === undefined ? 0 : await sizeOf(path);
    },
    inputsBefore: (moment) => inputsBefore(inputs, moment),
    onTheWay: folderOnTheWay(join(outputs, onTheWay), isShared ? staleAmongOthers.onTheWay : undefined),
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

const inputPlace = (inputs: string, isShared: boolean): InputPlace => ({
  path: async (name) => inside(inputs, name),
  isThere: async (name) => inside(inputs, name) !== undefined,
  putBack: async (name, bytes) => void (await writeFile(inputs, "", name, bytes)),
  remove: async (name) => {
    const path = inside(inputs, name);
    if (path === undefined) return false;
    await rm(path, { force: true }).catch((cause: unknown) => failed(path, "deleted", cause));
    return true;
  },
  ...(isShared ? { aside: join(inputs, aside) } : {}),
});

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
