import {
  type ControlDraft,
  controlTypes,
  emptyControl,
  emptySlot,
  type SlotDraft,
} from "../control/control-draft.ts";
import { exportMask } from "../source/export-mask.ts";
import { loadMask } from "../source/load-mask.ts";
import { emptyMask, isUntouched, loadedAlone, withStep } from "../source/mask-history.ts";
import { emptySource, methods, type SourceDraft, type SourceTab, sides } from "../source/source-draft.ts";
import { dataUri, readPicture, type SentPicture, type StartingPicture } from "../source/starting-picture.ts";
import { isObject, textOf } from "../values.ts";
import { like, oneOf } from "./like.ts";

/** Bytes of a picture's file that are kept with the form; five of them fit into what browsers give a page. */
const mostBytes = 512 * 1024;

/** A picture as it is kept: where the server has it, or its file. */
type KeptPicture = Readonly<{ name: string; address: string } | { name: string; data: string }>;

async function keptPicture(name: string, sent: SentPicture): Promise<KeptPicture | null> {
  if ("address" in sent) return { name, address: sent.address };
  return sent.file.size > mostBytes ? null : { name, data: await dataUri(sent.file) };
}

/** Gets a picture of the server. */
type Fetch = (address: string) => Promise<Blob>;

/** A picture that was kept, with its file; undefined for one that is gone, or is none. */
async function fileOf(kept: unknown, fetchOwn: Fetch) {
  if (!isObject(kept)) return undefined;
  const [name, address, data] = ["name", "address", "data"].map((key) => textOf(kept[key]));
  if (name === undefined || (address === "" && !data?.startsWith("data:image/"))) return undefined;
  const file = address ? fetchOwn(address) : fetch(data ?? "").then((answer) => answer.blob());
  return await file.then(
    (blob) => ({ file: blob, name, ...(address ? { address } : {}) }),
    () => undefined,
  );
}

async function pictureOf(kept: unknown, fetchOwn: Fetch): Promise<StartingPicture | undefined> {
  const found = await fileOf(kept, fetchOwn);
  if (found === undefined) return undefined;
  return await readPicture(found.file, found.name, found.address).catch(() => undefined);
}

/** The picture to start from as it is kept: without one that is too large, and then without what was painted on it. */
export async function keptSource({ picture, mask, ...fields }: SourceDraft) {
  const kept = picture === undefined ? null : await keptPicture(picture.name, picture.sent);
  const file =
    kept === null || picture === undefined || isUntouched(mask) ? undefined : await maskOf({ picture, mask });
  return { fields, picture: kept, mask: file === undefined ? null : await keptPicture("mask.png", file) };
}

async function maskOf({ picture, mask }: Pick<SourceDraft, "mask"> & { picture: StartingPicture }) {
  const alone = loadedAlone(mask);
  if (alone !== undefined) return alone;
  const file = await exportMask(mask, picture);
  return file === undefined ? undefined : { file };
}

const tabs: readonly SourceTab[] = ["uov", "inpaint", "enhance"];

/** The same back. */
export async function sourceOfKept(kept: unknown, fetchOwn: Fetch): Promise<SourceDraft> {
  if (!isObject(kept)) return emptySource;
  const fields = isObject(kept["fields"]) ? kept["fields"] : {};
  const extensions = isObject(fields["extensions"]) ? fields["extensions"] : {};
  const [picture, mask] = await Promise.all([
    pictureOf(kept["picture"], fetchOwn),
    fileOf(kept["mask"], fetchOwn),
  ]);
  const said = sides.map((side) => [side, typeof extensions[side] === "string" ? extensions[side] : null]);
  const painted =
    picture === undefined || mask === undefined
      ? undefined
      : await loadMask(mask.file, mask.name, mask.address).catch(() => undefined);
  return {
    ...like(emptySource, fields),
    tab: oneOf(tabs, fields["tab"], emptySource.tab),
    method: oneOf(methods, fields["method"], emptySource.method),
    picture,
    mask: painted === undefined ? emptyMask : withStep(emptyMask, painted),
    extensions: { ...emptySource.extensions, ...Object.fromEntries(said) },
  };
}

/** Control images as they are kept. */
export const keptControl = async ({ slots, ...options }: ControlDraft) => ({
  options,
  slots: await Promise.all(
    slots.map(async ({ picture, type, stop, weight }) => ({
      picture: picture === undefined ? null : await keptPicture(picture.name, picture.sent),
      type,
      stop,
      weight,
    })),
  ),
});

/** The same back. */
export async function controlOfKept(kept: unknown, fetchOwn: Fetch): Promise<ControlDraft> {
  if (!isObject(kept)) return emptyControl;
  const list: readonly unknown[] = Array.isArray(kept["slots"]) ? kept["slots"] : [];
  const slots = list.map(async (said): Promise<SlotDraft> => {
    if (!isObject(said)) return emptySlot;
    const number = (key: string): number | null => (typeof said[key] === "number" ? said[key] : null);
    return {
      ...emptySlot,
      picture: await pictureOf(said["picture"], fetchOwn),
      type: controlTypes.find(([name]) => name === said["type"])?.[0] ?? emptySlot.type,
      stop: number("stop"),
      weight: number("weight"),
    };
  });
  const { slots: none, ...usual } = emptyControl;
  return {
    ...like(usual, kept["options"]),
    slots: list.length < none.length ? none : await Promise.all(slots),
  };
}
