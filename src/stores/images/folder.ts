import { existsSync, realpathSync } from "node:fs";
import { link, mkdir, open, rm, unlink } from "node:fs/promises";
import { join, sep } from "node:path";
import { EngineError } from "#/lib/errors.ts";
import type { ImageStore } from "../images.ts";

/** One path segment and nothing that means another folder. */
const cleanName = /^(?!\.)[^/\\\0]{1,200}$/;

/**
 * Images in folders: one a day for outputs, one for inputs.
 *
 * @param outputs folder of the day folders
 * @param inputs  folder of the input pictures
 * @param random  0 up to 1, for file names
 */
export function folderImages(outputs: string, inputs: string, random: () => number): ImageStore {
  return {
    put: async (bytes, extension, at, saveName) => {
      const { day, time } = localStamp(at);
      const folder = join(outputs, day);
      for (let attempt = 0; ; attempt += 1) {
        const name =
          saveName === undefined
            ? `${day}_${time}_${1000 + Math.floor(random() * 9000)}.${extension}`
            : `${saveName}${attempt === 0 ? "" : `-${attempt + 1}`}.${extension}`;
        if (await write(folder, name, bytes)) return { folder: day, name };
      }
    },
    putInput: async (png) => {
      const base64 = Buffer.from(png).toString("base64");
      const name = `${new Bun.CryptoHasher("sha256").update(base64).digest("hex")}.png`;
      await write(inputs, name, png);
      return name;
    },
    output: (folder, name) =>
      cleanName.test(folder) && /\.(png|jpe?g|webp)$/i.test(name) ? inside(outputs, folder, name) : undefined,
    input: (name) => inside(inputs, name),
    remove: async (images) => {
      let removed = 0;
      for (const { folder, name } of images) {
        const path = cleanName.test(folder) ? inside(outputs, folder, name) : undefined;
        if (path === undefined) continue;
        await rm(path, { force: true });
        removed += 1;
      }
      return removed;
    },
  };
}

/** The file's real path if it exists below the folder. */
function inside(root: string, ...parts: readonly string[]): string | undefined {
  if (!parts.every((part) => cleanName.test(part))) return undefined;
  const path = join(root, ...parts);
  if (!existsSync(path)) return undefined;
  const real = realpathSync(path);
  return real.startsWith(realpathSync(root) + sep) ? real : undefined;
}

/**
 * Writes a file whole or not at all, and never over another one.
 *
 * @returns whether the name was free
 * @throws EngineError `storage-failed`, a full disk for example
 */
async function write(folder: string, name: string, bytes: Uint8Array): Promise<boolean> {
  const path = join(folder, name);
  const draft = join(folder, `.${name}.${crypto.randomUUID()}.tmp`);
  try {
    await mkdir(folder, { recursive: true });
    const file = await open(draft, "wx");
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await link(draft, path);
    return true;
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "EEXIST") return false;
    const words = cause instanceof Error ? cause.message : String(cause);
    throw new EngineError("storage-failed", `${path} could not be written: ${words}.`, { path }, cause);
  } finally {
    await unlink(draft).catch(() => undefined);
  }
}

function localStamp(at: Date): { day: string; time: string } {
  const two = (value: number): string => String(value).padStart(2, "0");
  return {
    day: `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`,
    time: `${two(at.getHours())}-${two(at.getMinutes())}-${two(at.getSeconds())}`,
  };
}

/** Whether a client may name its file so. */
export const isCleanName = (name: string): boolean => cleanName.test(name);
