import { NumberField } from "../source/number-field.tsx";
import type { SourceTab } from "../source/source-draft.ts";
import type { ControlDraft } from "./control-draft.ts";

type Change = (part: Partial<Omit<ControlDraft, "slots">>) => void;
type ControlOptionsProps = Readonly<{ draft: ControlDraft; change: Change }>;

const threshold = { min: 1, max: 255, step: 1 };

/** How control images are prepared, and how softly they guide. */
export function ControlOptions({ draft, change }: ControlOptionsProps) {
  return (
    <details class="styles">
      <summary>How they are prepared</summary>
      <div class="inside">
        <div class="checks">
          <label>
            <input
              type="checkbox"
              checked={draft.skip}
              onChange={(event) => change({ skip: event.currentTarget.checked })}
            />
            Not at all: they are edges, structures or faces already
          </label>
        </div>
        <div class="pair">
          <NumberField
            id="canny-low"
            label="Canny, lower threshold"
            value={draft.cannyLow}
            range={threshold}
            disabled={draft.skip}
            change={(value) => change({ cannyLow: Math.trunc(value) })}
          />
          <NumberField
            id="canny-high"
            label="Canny, upper threshold"
            value={draft.cannyHigh}
            range={threshold}
            disabled={draft.skip}
            change={(value) => change({ cannyHigh: Math.trunc(value) })}
          />
        </div>
        <NumberField
          id="softness"
          label="Softness of edges and structures"
          value={draft.softness}
          range={{ min: 0, max: 1, step: 0.001 }}
          change={(softness) => change({ softness })}
        />
      </div>
    </details>
  );
}

/** Whether the picture to start from takes part beside control images; each of its two ends has a switch of its own. */
export function MixingSwitch({
  draft,
  tab,
  change,
}: ControlOptionsProps & Readonly<{ tab: Exclude<SourceTab, "enhance"> }>) {
  const switched = tab === "uov" ? "mixVary" : "mixInpaint";
  return (
    <div class="checks">
      <label>
        <input
          type="checkbox"
          checked={draft[switched]}
          onChange={(event) => change({ [switched]: event.currentTarget.checked })}
        />
        The picture to start from takes part too
      </label>
    </div>
  );
}
