import { useEffect, useState } from "preact/hooks";
import { nameOf } from "../local-url.ts";
import type { Server } from "../server.ts";
import { readPicture } from "../source/starting-picture.ts";
import type { useAttempt } from "../use-attempt.ts";
import { controlAgain } from "./control-again.ts";
import {
  type ControlDraft,
  emptyControl,
  emptySlot,
  type SlotDraft,
  withOptions,
  withSlot,
} from "./control-draft.ts";
import { optionsOfParams, slotsOfParams } from "./control-of-record.ts";
import { usePreparation } from "./use-preparation.ts";

/** Control images, and the ways by which they come in: files, pictures of the history, and what guided a task. */
export function useControl(server: Server, attempts: ReturnType<typeof useAttempt>) {
  const { attempt, complain } = attempts;
  const [control, setControl] = useState<ControlDraft>(emptyControl);
  const [entered, setEntered] = useState<Readonly<{ at: number }>>();
  const preparation = usePreparation(server, setControl, attempts);
  const change = (part: Partial<Omit<ControlDraft, "slots">>) =>
    setControl((before) => withOptions(before, part));
  const changeSlot = (at: number, part: Partial<SlotDraft>) =>
    setControl((before) => withSlot(before, at, part));

  // Whoever takes a picture of the history is led to where it is now.
  useEffect(() => {
    if (entered !== undefined) document.getElementById(slotId(entered.at))?.focus();
  }, [entered]);

  const ofServer = async (address: string) =>
    await readPicture(await server.picture(address), nameOf(address), address);
  const take = (at: number, file: File) =>
    attempt(readPicture(file, file.name).then((picture) => changeSlot(at, { picture })));
  const takeOwn = (at: number, address: string) =>
    attempt(ofServer(address).then((picture) => changeSlot(at, { picture })));

  /** A picture of the history, for the first place that is free. */
  const guide = (address: string) => {
    const at = control.slots.findIndex(({ picture }) => picture === undefined);
    if (at < 0) return complain(new Error("All places for control images are taken: remove one first."));
    const enter = async () => {
      changeSlot(at, { picture: await ofServer(address) });
      change({ open: true });
      setEntered({ at });
    };
    attempt(enter());
  };

  /** All that guided a task. A picture that is gone is said, and leaves its place empty. */
  const restore = (params: Readonly<Record<string, unknown>>) => {
    const restored = async () => {
      const found = await Promise.allSettled(
        slotsOfParams(params).map(
          async ({ address, slot }): Promise<SlotDraft> =>
            address === undefined ? slot : { ...slot, picture: await ofServer(address) },
        ),
      );
      const slots = found.map((one) => (one.status === "fulfilled" ? one.value : emptySlot));
      const open = slots.some(({ picture }) => picture !== undefined);
      setControl({ ...optionsOfParams(params), open, slots });
      for (const one of found) if (one.status === "rejected") throw one.reason;
    };
    attempt(restored());
  };

  /** All that was there before, its pictures included. */
  const putAgain = async (old: ControlDraft) =>
    setControl(await controlAgain(old, (address) => server.picture(address)));

  return {
    control,
    change,
    changeSlot,
    take,
    takeOwn,
    guide,
    restore,
    put: setControl,
    putAgain,
    ...preparation,
  };
}

/** The name of a place in the page. */
export const slotId = (at: number): string => `control-${at + 1}`;
