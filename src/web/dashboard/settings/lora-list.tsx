import { modeName, modeOf } from "../draft.ts";
import { FieldProblem, toldOf } from "../field-problem.tsx";
import type { FormView } from "../form-view.ts";
import { type LoraDraft, lorasOf } from "./lora-draft.ts";

/** LoRAs with their weights; folded away, with those that are on told. */
export function LoraList({ form }: Readonly<{ form: FormView }>) {
  const { draft, change, choices, problems } = form;
  const loras = draft.loras ?? lorasOf(choices.defaults["loras"]);
  const on = loras.filter(({ enabled }) => enabled);
  const set = (next: readonly LoraDraft[]) => change({ loras: next });
  const hasProblem = [...problems.keys()].some((place) => place === "loras" || place.startsWith("loras."));
  return (
    <details class="styles" open={hasProblem || undefined}>
      <summary>
        LoRAs:{" "}
        <span class="hint">
          {on.length === 0 ? "none" : on.map(({ name, weight }) => `${stem(name)} ${weight}`).join(", ")}
        </span>
      </summary>
      <div class="inside">
        {loras.map((lora, at) => (
          <LoraRow
            key={String(at)}
            at={at}
            lora={lora}
            form={form}
            change={(part) => set(loras.with(at, { ...lora, ...part }))}
            remove={() => set(loras.toSpliced(at, 1))}
          />
        ))}
        <FieldProblem id="loras" text={problems.get("loras")} />
        <Adder form={form} add={(name) => set([...loras, { enabled: true, name, weight: "1" }])} />
        {draft.loras === null ? null : (
          <button type="button" class="small" onClick={() => change({ loras: null })}>
            As the server has them
          </button>
        )}
        <p class="hint">{ofMode(form)}</p>
      </div>
    </details>
  );
}

/** A mode that decides how it is guided does so by a LoRA of its own. */
function ofMode({ draft, choices }: FormView): string {
  const decides = Object.keys(modeOf(draft, choices)?.sets ?? {}).length > 0;
  return decides ? `${modeName(draft, choices)} brings its own LoRA besides.` : "";
}

const stem = (name: string): string => name.replace(/^.*\//, "").replace(/\.\w+$/, "");

function Adder({ form, add }: Readonly<{ form: FormView; add: (name: string) => void }>) {
  const names = form.choices.lists["loras"] ?? [];
  if (names.length === 0) return <p class="hint">There are no LoRAs in the server's folder.</p>;
  return (
    <select
      aria-label="Add a LoRA"
      value=""
      onChange={(event) => {
        if (event.currentTarget.value !== "") add(event.currentTarget.value);
        event.currentTarget.value = "";
      }}
    >
      <option value="">Add a LoRA …</option>
      {names.map((name) => (
        <option key={name} value={name}>
          {name}
        </option>
      ))}
    </select>
  );
}

type LoraRowProps = Readonly<{
  at: number;
  lora: LoraDraft;
  form: FormView;
  change: (part: Partial<LoraDraft>) => void;
  remove: () => void;
}>;

function LoraRow({ at, lora, form, change, remove }: LoraRowProps) {
  const { choices, description, problems } = form;
  const id = `lora-${at}`;
  const problem = problems.get(`loras.${at}`);
  const isAbsent = choices.lists["loras"]?.includes(lora.name) === false;
  const { min, max } = description.lora["weight"] ?? {};
  return (
    <div>
      <div class="lora">
        <label>
          <input
            type="checkbox"
            checked={lora.enabled}
            {...toldOf(id, problem)}
            onChange={(event) => change({ enabled: event.currentTarget.checked })}
          />
          <span title={lora.name}>
            {stem(lora.name)}
            {isAbsent ? " (not there)" : ""}
          </span>
        </label>
        <input
          type="number"
          aria-label={`Weight of ${stem(lora.name)}`}
          {...(min === undefined ? {} : { min })}
          {...(max === undefined ? {} : { max })}
          step="0.05"
          value={lora.weight}
          onInput={(event) => change({ weight: event.currentTarget.value })}
        />
        <button type="button" class="small" aria-label={`Remove ${stem(lora.name)}`} onClick={remove}>
          ×
        </button>
      </div>
      <FieldProblem id={id} text={problem} />
    </div>
  );
}
