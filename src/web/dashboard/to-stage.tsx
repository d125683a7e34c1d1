import type { State } from "./state.ts";

type ToStageProps = Readonly<{ state: State; hasLast: boolean }>;

/** Beside the form's button on narrow screens, where the stage is below the form: how far it is, and the way there. */
export function ToStage({ state: { running, pending }, hasLast }: ToStageProps) {
  const waiting = pending.length > 0 ? `${pending.length} in the queue` : "";
  const working = running.length > 1 ? `${running.length} at work` : running[0]?.message;
  const words = working || waiting || (hasLast ? "To the last picture" : "");
  if (words === "") return null;
  const go = () => document.querySelector(".stage")?.scrollIntoView();
  return (
    <button type="button" class="small to-stage" onClick={go}>
      {words} ↓
    </button>
  );
}
