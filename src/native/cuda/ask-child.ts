import { type Asking, askOwnProcess } from "../own-process.ts";
import type { ChildAnswer } from "./look-child.ts";

/** The flag this program starts itself with to look at CUDA. */
export const lookFlag = "--look-at-cuda";

/** How long a driver may take: waking a card that sleeps takes seconds, and the first look of all reads its libraries from a disk. */
const patience = 30;

/**
 * Asks the driver, and tries the libraries of a folder, in a process of its own; see {@link lookInChild}.
 *
 * @param folder undefined asks the driver alone
 * @returns also where that process crashed or had to be ended: by the step it was at
 */
export async function askChild(folder: string | undefined, asking: Asking = {}): Promise<ChildAnswer> {
  const args = folder === undefined ? [] : [folder];
  const question = { flag: lookFlag, args, seconds: patience };
  const asked = await askOwnProcess<ChildAnswer>(question, asking);
  switch (asked.kind) {
    case "answers":
      return asked.answer;
    case "silent":
      return { driver: { kind: "silent", call: asked.step, seconds: asked.seconds } };
    case "crashed":
      return { driver: { kind: "crashed", call: asked.step, how: asked.how } };
  }
}
