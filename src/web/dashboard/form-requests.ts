import type { Choices } from "./choices.ts";
import type { ControlDraft } from "./control/control-draft.ts";
import { controlRequest, keepsOut } from "./control/control-request.ts";
import { preparedBeside } from "./control/prepared-beside.ts";
import { type Draft, requestOf } from "./draft.ts";
import { emptyEnhance } from "./enhance/enhance-draft.ts";
import type { SourceDraft } from "./source/source-draft.ts";
import { sourceRequest } from "./source/source-request.ts";

type Held = Readonly<{
  draft: Draft;
  choices: Choices;
  source: SourceDraft;
  control: ControlDraft;
  /** The size number that the server brings pictures to. */
  working: number;
}>;

/** What comes of all that the form holds: the request that draws, and the one that only prepares a control image. */
export function formRequests({ draft, choices, source, control, working }: Held) {
  // What takes no part is not sent; the page has said so.
  const keptOut = keepsOut(control, source);
  const request = async () => ({
    ...requestOf(draft, choices),
    ...(keptOut ? {} : await sourceRequest(source)),
    ...(await controlRequest(control)),
  });
  const preparing = async (at: number) => ({
    // Nothing is drawn: the files of a fast performance need not be there.
    ...requestOf({ ...draft, count: 1, enhance: emptyEnhance, performance: "Speed" }, choices),
    ...(keptOut ? {} : await sourceRequest(preparedBeside(source, working))),
    ...(await controlRequest(control, at)),
  });
  return { keptOut, request, preparing };
}
