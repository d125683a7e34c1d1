import type { SourceTab } from "../source/source-draft.ts";
import { type ControlDraft, isGuided } from "./control-draft.ts";
import { ControlOptions, MixingSwitch } from "./control-options.tsx";
import { ControlSlot } from "./control-slot.tsx";
import type { useControl } from "./use-control.ts";

export type ControlPanelProps = Readonly<
  Pick<ReturnType<typeof useControl>, "change" | "changeSlot" | "take" | "takeOwn"> & {
    draft: ControlDraft;
    /** What a picture to start from is for; undefined where there is none that takes part. */
    tab: SourceTab | undefined;
    /** What the server does not like, by place. */
    problems: ReadonlyMap<number, string>;
    prepare: (at: number) => void;
  }
>;

/** Pictures that guide what is made. */
export function ControlPanel(props: ControlPanelProps) {
  const { draft, tab, problems, change, changeSlot, take, takeOwn, prepare } = props;
  const guided = draft.slots.filter(({ picture }) => picture !== undefined).length;
  return (
    <details
      class="styles control"
      open={draft.open || problems.size > 0}
      onToggle={(event) => change({ open: event.currentTarget.open })}
    >
      <summary>Control images{guided === 0 ? "" : `: ${guided}`}</summary>
      <div class="inside">
        {draft.slots.map((slot, at) => (
          <ControlSlot
            key={String(at)}
            at={at}
            slot={slot}
            problem={problems.get(at) ?? ""}
            change={(part) => changeSlot(at, part)}
            take={(file) => take(at, file)}
            takeOwn={(address) => takeOwn(at, address)}
            prepare={() => prepare(at)}
          />
        ))}
        {isGuided(draft) && tab === "enhance" ? (
          <p class="hint">They take no part while a picture is only enhanced.</p>
        ) : null}
        {isGuided(draft) && (tab === "uov" || tab === "inpaint") ? (
          <MixingSwitch draft={draft} tab={tab} change={change} />
        ) : null}
        <ControlOptions draft={draft} change={change} />
      </div>
    </details>
  );
}
