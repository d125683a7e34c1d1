import { existsSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { Turns } from "#/lib/turns.ts";
import { type ImageStore, type IsNamed, isCleanName } from "../images.ts";
import { writeFile } from "./write-file.ts";

/** Where inputs lie. */
export type InputPlace = Readonly<{
  /** Path of an input on this machine; nothing where it is gone. */
  path: (name: string) => Promise<string | undefined>;
  isThere: (name: string) => Promise<boolean>;
  putBack: (name: string, bytes: Uint8Array) => Promise<void>;
  /** @returns whether it was there */
  remove: (name: string) => Promise<boolean>;
  /**
   * Where other servers delete there, too: folder of what was deleted here, until it is known that nothing came to name it
   * meanwhile.
   */
  aside?: string;
}>;

/**
 * Sees to it that no input goes that something names. In one server what names it and what deletes it take turns. Other servers
 * and people take no part in these, so each side looks once more when it is done, and puts back what went meanwhile: whoever
 * of the two is later sees what the other one did.
 */
export function guardedInputs(place: InputPlace): Pick<ImageStore, "input" | "removeInput" | "withInputs"> {
  const turns = new Turns();
  const held = new Set<string>();
  const inTurn = async <T>(names: readonly string[], work: () => Promise<T>): Promise<T> => {
    const [name, ...rest] = names;
    return name === undefined ? await work() : await turns.take(name, () => inTurn(rest, work));
  };
  return {
    // What is being named is put back before anybody is told that it is gone.
    input: async (name) =>
      (await place.path(name)) ??
      (held.has(name) ? await turns.take(name, () => place.path(name)) : undefined),
    removeInput: async (name, isNamed) =>
      isCleanName(name) && (await turns.take(name, () => removed(name, isNamed, place))),
    withInputs: async (names, work) => {
      // In one order, or two that name the same ones would wait for each other.
      const sorted = [...new Set(names)].toSorted();
      return await inTurn(sorted, async () => {
        for (const name of sorted) held.add(name);
        try {
          return await workWith(sorted, work, place);
        } finally {
          for (const name of sorted) held.delete(name);
        }
      });
    },
  };
}

async function removed(name: string, isNamed: IsNamed, place: InputPlace): Promise<boolean> {
  const { aside } = place;
  if (aside === undefined) return !(await isNamed()) && (await place.remove(name));
  const kept = join(aside, name);
  if (!(await isNamed())) {
    const bytes = await bytesOf(name, place);
    if (bytes !== undefined) await writeFile(aside, "", name, bytes);
    const was = await place.remove(name);
    if (!(await isNamed())) {
      await rm(kept, { force: true });
      return was;
    }
  }
  // Also what a server that died between its two looks had deleted.
  if (!existsSync(kept)) return false;
  await putBackMissing(name, await readFile(kept), place);
  await rm(kept, { force: true });
  return false;
}

async function workWith<T>(
  names: readonly string[],
  work: () => Promise<T>,
  place: InputPlace,
): Promise<T | undefined> {
  const all = new Map<string, Uint8Array>();
  for (const name of names) {
    const bytes = await bytesOf(name, place);
    if (bytes === undefined) return undefined;
    all.set(name, bytes);
  }
  const done = await work();
  for (const [name, bytes] of all) {
    // What names it is written: whoever asked for that is not told of a failure any more.
    await putBackMissing(name, bytes, place).catch(() => undefined);
  }
  return done;
}

async function putBackMissing(name: string, bytes: Uint8Array, place: InputPlace): Promise<void> {
  if (!(await place.isThere(name))) await place.putBack(name, bytes);
}

async function bytesOf(name: string, { path }: InputPlace): Promise<Uint8Array | undefined> {
  const found = await path(name);
  return found === undefined ? undefined : await readFile(found).catch(() => undefined);
}
