import { NumberField } from "./number-field.tsx";
import { isExtended, type SourceDraft } from "./source-draft.ts";

type Change = (part: Partial<SourceDraft>) => void;
type InpaintFieldsProps = Readonly<{ draft: SourceDraft; change: Change }>;

const engines = ["None", "v1", "v2.5", "v2.6"];

/** Sets of values for three usual ends, as Fooocus' page has them. */
const ends: Readonly<Record<string, Partial<SourceDraft>>> = {
  "Replace or add": { engine: "", strength: 1, field: 0.618, noLatent: false },
  "Improve detail": { engine: "None", strength: 0.5, field: 0, noLatent: false },
  "Change content": { engine: "", strength: 1, field: 0, noLatent: true },
};

/** How what is masked is made anew. */
export function InpaintFields({ draft, change }: InpaintFieldsProps) {
  return (
    <>
      <div>
        <label for="additional">What should be there</label>
        <input
          id="additional"
          value={draft.additional}
          placeholder="Goes before the prompt"
          onInput={(event) => change({ additional: event.currentTarget.value })}
        />
      </div>
      <div class="row">
        {Object.entries(ends).map(([name, values]) => (
          <button
            key={name}
            type="button"
            class="small"
            aria-pressed={Object.entries(values).every(
              ([key, value]) => draft[key as keyof SourceDraft] === value,
            )}
            onClick={() => change(values)}
          >
            {name}
          </button>
        ))}
      </div>
      <details class="styles">
        <summary>How it is made anew</summary>
        <div class="inside">
          <Engine draft={draft} change={change} />
          <Strengths draft={draft} change={change} />
          <Switches draft={draft} change={change} />
        </div>
      </details>
    </>
  );
}

function Engine({ draft, change }: InpaintFieldsProps) {
  return (
    <div>
      <label for="engine">Engine</label>
      <select
        id="engine"
        value={draft.engine}
        onChange={(event) => change({ engine: event.currentTarget.value })}
      >
        <option value="">The server's own</option>
        {[...engines, ...(engines.includes(draft.engine) || draft.engine === "" ? [] : [draft.engine])].map(
          (name) => (
            <option key={name}>{name}</option>
          ),
        )}
      </select>
    </div>
  );
}

function Strengths({ draft, change }: InpaintFieldsProps) {
  const extended = isExtended(draft);
  return (
    <>
      <div class="pair">
        <NumberField
          id="inpaint-strength"
          label="Strength"
          value={extended ? 1 : draft.strength}
          range={{ min: 0, max: 1, step: 0.001 }}
          disabled={extended}
          change={(strength) => change({ strength })}
        />
        <NumberField
          id="inpaint-field"
          label="Field around the mask"
          value={extended ? 1 : draft.field}
          range={{ min: 0, max: 1, step: 0.001 }}
          disabled={extended}
          change={(field) => change({ field })}
        />
      </div>
      <p class="hint">
        {extended
          ? "Both are 1 while the picture is extended."
          : "Field 0: only what is masked is looked at, as large as possible; 1: the whole picture."}
      </p>
      <NumberField
        id="grow"
        label="Grow the mask (shrink below 0), pixels"
        value={draft.grow}
        range={{ min: -64, max: 64, step: 1 }}
        change={(grow) => change({ grow: Math.trunc(grow) })}
      />
    </>
  );
}

function Switches({ draft, change }: InpaintFieldsProps) {
  return (
    <div class="checks">
      <label>
        <input
          type="checkbox"
          checked={draft.invert}
          onChange={(event) => change({ invert: event.currentTarget.checked })}
        />
        Keep what is painted, make the rest anew
      </label>
      <label>
        <input
          type="checkbox"
          checked={draft.noLatent}
          onChange={(event) => change({ noLatent: event.currentTarget.checked })}
        />
        Start from nothing, not from the picture (disable initial latent)
      </label>
    </div>
  );
}
