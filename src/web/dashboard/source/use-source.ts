import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { nameOf } from "../local-url.ts";
import type { Server } from "../server.ts";
import { loadMask } from "./load-mask.ts";
import { emptyMask, withStep } from "./mask-history.ts";
import { emptySource, type SourceDraft } from "./source-draft.ts";
import { sourceOfParams } from "./source-of-record.ts";
import { readPicture, shownAgain } from "./starting-picture.ts";

/**
 * The picture to start from, and the ways by which one comes in: files (chosen, dropped, pasted), pictures of the
 * history, and all that a task was made of. `taken` tells how many were brought by hand.
 *
 * @param attempt does something that may fail, and says why it did
 */
export function useSource(server: Server, attempt: (work: Promise<unknown>) => void) {
  const [source, setSource] = useState<SourceDraft>(emptySource);
  const [taken, setTaken] = useState(0);
  const count = () => setTaken((before) => before + 1);
  const change = useCallback(
    (part: Partial<SourceDraft>) => setSource((before) => ({ ...before, ...part })),
    [],
  );
  const shown = source.picture?.shown;
  useEffect(() => () => void (shown !== undefined && URL.revokeObjectURL(shown)), [shown]);

  // Whoever takes a picture of the history is led to where it is now; whose button went with the change goes on from there.
  const own = source.picture !== undefined && "address" in source.picture.sent;
  const before = useRef(shown);
  useEffect(() => {
    const isLost = before.current !== shown && document.activeElement === document.body;
    before.current = shown;
    if (own || isLost) document.getElementById("source")?.focus({ preventScroll: !own });
  }, [own, shown]);

  const fetched = (address: string) => server.picture(address);
  const take = (file: File) =>
    attempt(
      readPicture(file, file.name).then((picture) => {
        change({ picture, mask: emptyMask, extensions: emptySource.extensions });
        count();
      }),
    );
  const takeOwn = (address: string) =>
    attempt(fetched(address).then((file) => take(new File([file], nameOf(address), { type: file.type }))));

  /** A picture of the history, for an end. */
  const use = (address: string, part: Partial<SourceDraft>) =>
    attempt(
      fetched(address)
        .then((file) => readPicture(file, nameOf(address), address))
        .then((picture) => {
          change({ ...emptySource, ...part, picture });
          count();
        }),
    );
  const restored = async (params: Readonly<Record<string, unknown>>): Promise<SourceDraft> => {
    const recorded = sourceOfParams(params);
    if (recorded === undefined) return emptySource;
    const { address, mask, fields } = recorded;
    const picture = await readPicture(await fetched(address), nameOf(address), address);
    const before = { ...emptySource, ...fields, picture };
    if (mask === undefined) return before;
    return { ...before, mask: withStep(emptyMask, await loadMask(await fetched(mask), nameOf(mask), mask)) };
  };
  /** All that a task was made of, by the fields of its record or its request. */
  const restore = (params: Readonly<Record<string, unknown>>) => attempt(restored(params).then(setSource));
  /** All that was there before, its picture included. */
  const putAgain = async (old: SourceDraft) => {
    const { picture } = old;
    setSource(picture === undefined ? old : { ...old, picture: await shownAgain(picture, fetched) });
  };
  return { source, taken, change, take, takeOwn, use, restore, put: setSource, putAgain };
}
