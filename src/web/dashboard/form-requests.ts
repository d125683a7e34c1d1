import type { Choices } from "./choices.ts";
import { Refused } from "./complaint.ts";
import type { ControlDraft } from "./control/control-draft.ts";
import { controlRequest, keepsOut } from "./control/control-request.ts";
import { preparedBeside } from "./control/prepared-beside.ts";
import { type Draft, requestOf } from "./draft.ts";
import { emptyEnhance } from "./enhance/enhance-draft.ts";
import { sideComplaints } from "./size-sides.ts";
import { type SourceDraft, takesPart } from "./source/source-draft.ts";
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
  // Beside a picture that takes part no size is shown: one that is half typed is nobody's wish there.
  const wrong = sideComplaints(draft.size);
  const isSized = !takesPart(source) || keptOut;
  const sized = wrong.length > 0 && !isSized ? { ...draft, size: "" } : draft;
  const check = () => {
    if (wrong.length > 0 && isSized) throw new Refused(wrong);
  };
  const request = async () => {
    check();
    return {
      ...requestOf(sized, choices),
      ...(keptOut ? {} : await sourceRequest(source)),
      ...(await controlRequest(control)),
    };
  };
  const preparing = async (at: number) => {
    check();
    return {
      // Nothing is drawn: the files of a fast performance need not be there.
      ...requestOf({ ...sized, count: 1, enhance: emptyEnhance, performance: "Speed" }, choices),
      ...(keptOut ? {} : await sourceRequest(preparedBeside(source, working))),
      ...(await controlRequest(control, at)),
    };
  };
  return { keptOut, request, preparing };
}
