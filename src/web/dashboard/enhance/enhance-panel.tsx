import { NumberField } from "../source/number-field.tsx";
import { methods } from "../source/source-draft.ts";
import { type EnhanceDraft, maskModels, type RegionDraft } from "./enhance-draft.ts";

type EnhancePanelProps = Readonly<{ draft: EnhanceDraft; change: (draft: EnhanceDraft) => void }>;

/** What is done with the pictures once they are made, or with the one that is to be enhanced. */
export function EnhancePanel({ draft, change }: EnhancePanelProps) {
  return (
    <section class="enhance" aria-label="Enhance">
      <div class="checks">
        <Check label="Enhance" checked={draft.on} change={(on) => change({ ...draft, on })} />
      </div>
      {draft.on ? <Passes draft={draft} change={change} /> : null}
    </section>
  );
}

function Passes({ draft, change }: EnhancePanelProps) {
  const { method, last, finalOnly, regions } = draft;
  return (
    <>
      {regions.map((region, at) => (
        <Region
          key={String(at)}
          at={at}
          region={region}
          change={(changed) => change({ ...draft, regions: regions.with(at, changed) })}
        />
      ))}
      <div>
        <label for="enhance-method">The whole picture</label>
        <select
          id="enhance-method"
          value={method}
          onChange={({ currentTarget: { value } }) =>
            change({ ...draft, method: methods.find((one) => one === value) ?? "Disabled" })
          }
        >
          {methods.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </div>
      <div class="checks">
        <Check
          label="That after the regions, not before"
          checked={last}
          change={(isLast) => change({ ...draft, last: isLast })}
        />
        <Check
          label="Keep the last picture only"
          checked={finalOnly}
          change={(only) => change({ ...draft, finalOnly: only })}
        />
      </div>
    </>
  );
}

type RegionProps = Readonly<{ at: number; region: RegionDraft; change: (region: RegionDraft) => void }>;

function Region({ at, region, change }: RegionProps) {
  const name = `Region ${at + 1}`;
  return (
    <fieldset>
      <legend class="hidden">{name}</legend>
      <div class="checks">
        <Check label={name} checked={region.on} change={(on) => change({ ...region, on })} />
      </div>
      {region.on ? <RegionFields at={at} region={region} change={change} /> : null}
    </fieldset>
  );
}

function RegionFields({ at, region, change }: RegionProps) {
  const { model, find, prompt, strength } = region;
  return (
    <>
      <div>
        <label for={`mask-model-${at}`}>Found by</label>
        <select
          id={`mask-model-${at}`}
          value={model}
          onChange={({ currentTarget: { value } }) =>
            change({ ...region, model: maskModels.find((one) => one === value) ?? model })
          }
        >
          {maskModels.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      </div>
      {model === "sam" ? (
        <div>
          <label for={`find-${at}`}>What to look for</label>
          <input
            id={`find-${at}`}
            value={find}
            placeholder="face . hand"
            onInput={(event) => change({ ...region, find: event.currentTarget.value })}
          />
        </div>
      ) : null}
      <div>
        <label for={`region-prompt-${at}`}>What should be there</label>
        <input
          id={`region-prompt-${at}`}
          value={prompt}
          placeholder="As the prompt says"
          onInput={(event) => change({ ...region, prompt: event.currentTarget.value })}
        />
      </div>
      <More at={at} region={region} change={change} />
      <NumberField
        id={`region-strength-${at}`}
        label="Strength"
        value={strength}
        range={{ min: 0, max: 1, step: 0.001 }}
        change={(value) => change({ ...region, strength: value })}
      />
    </>
  );
}

/** What of a picture's region goes along without a field of its own. */
function More({ at, region, change }: RegionProps) {
  const names = Object.keys(region.more);
  if (names.length === 0) return null;
  return (
    <div class="row">
      <p class="hint named">Also as in that picture: {names.join(", ")}</p>
      <button
        type="button"
        class="small"
        aria-label={`Forget these of region ${at + 1}`}
        onClick={() => change({ ...region, more: {} })}
      >
        Forget these
      </button>
    </div>
  );
}

type CheckProps = Readonly<{ label: string; checked: boolean; change: (checked: boolean) => void }>;

function Check({ label, checked, change }: CheckProps) {
  return (
    <label>
      <input type="checkbox" checked={checked} onChange={(event) => change(event.currentTarget.checked)} />
      {label}
    </label>
  );
}
