import { shownAgain } from "../source/starting-picture.ts";
import type { ControlDraft, SlotDraft } from "./control-draft.ts";

/** Control images that were given up, with their pictures to be shown again. @param fetchOwn gets one that the server has */
export async function controlAgain(
  old: ControlDraft,
  fetchOwn: (address: string) => Promise<Blob>,
): Promise<ControlDraft> {
  const slots = old.slots.map(async (slot): Promise<SlotDraft> => {
    const { picture } = slot;
    return picture === undefined
      ? slot
      : { ...slot, picture: await shownAgain(picture, fetchOwn), prepared: undefined };
  });
  return { ...old, slots: await Promise.all(slots) };
}
