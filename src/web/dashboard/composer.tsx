import { useEffect, useState } from "preact/hooks";
import type { Draft } from "./draft.ts";
import { StylePicker } from "./style-picker.tsx";

const performances = ["Quality", "Speed", "Extreme Speed", "Lightning", "Hyper-SD"];
const sizes = "256*256 320*192 192*320 512*512 768*768 1024*1024 1152*896 896*1152 1344*768 768*1344".split(
  " ",
);

type ComposerProps = Readonly<{
  draft: Draft;
  styles: readonly string[];
  problem: string;
  busy: boolean;
  change: (part: Partial<Draft>) => void;
  submit: () => void;
}>;

/** The form. Control+Enter (or Command) sends it from anywhere in it, `/` leads to its first field. */
export function Composer({ draft, styles, problem, busy, change, submit }: ComposerProps) {
  useSlash("prompt");
  const send = (event: Event) => {
    event.preventDefault();
    submit();
  };
  const keys = (event: KeyboardEvent) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) send(event);
  };
  return (
    <form class="card compose" onSubmit={send} onKeyDown={keys} aria-label="New picture">
      <div>
        <label for="prompt">Prompt</label>
        <textarea
          id="prompt"
          rows={4}
          value={draft.prompt}
          placeholder="a red circle on a blue background"
          onInput={(event) => change({ prompt: event.currentTarget.value })}
        />
      </div>
      <Performance value={draft.performance} change={(performance) => change({ performance })} />
      <Size value={draft.size} change={(size) => change({ size })} />
      <Numbers count={draft.count} seed={draft.seed} change={change} />
      <div>
        <label for="negative">Leave out</label>
        <input
          id="negative"
          value={draft.negative}
          onInput={(event) => change({ negative: event.currentTarget.value })}
        />
      </div>
      <StylePicker all={styles} chosen={draft.styles} choose={(chosen) => change({ styles: chosen })} />
      {problem === "" ? null : (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      <button class="main" type="submit" disabled={busy}>
        Generate
      </button>
    </form>
  );
}

function Performance({ value, change }: Readonly<{ value: string; change: (value: string) => void }>) {
  return (
    <fieldset>
      <legend>Performance</legend>
      <div class="segments">
        {performances.map((name) => (
          <label key={name}>
            <input type="radio" name="performance" checked={name === value} onChange={() => change(name)} />
            {name}
          </label>
        ))}
      </div>
    </fieldset>
  );
}

function Numbers({ count, seed, change }: Pick<Draft, "count" | "seed"> & Pick<ComposerProps, "change">) {
  return (
    <div class="pair">
      <div>
        <label for="count">Pictures</label>
        <input
          id="count"
          type="number"
          min={1}
          max={32}
          value={count}
          onInput={(event) => change({ count: Number(event.currentTarget.value) || 1 })}
        />
      </div>
      <div>
        <label for="seed">Seed</label>
        <input
          id="seed"
          inputMode="numeric"
          pattern="-?[0-9]*"
          placeholder="random"
          value={seed}
          onInput={(event) => change({ seed: event.currentTarget.value })}
        />
      </div>
    </div>
  );
}

/** A list of usual sizes, and two fields for any other. */
function Size({ value, change }: Readonly<{ value: string; change: (value: string) => void }>) {
  const [custom, setCustom] = useState(false);
  const other = custom || (value !== "" && !sizes.includes(value));
  const [width = "512", height = "512"] = value.split("*").filter((part) => part !== "");
  const side = (label: string, now: string, set: (text: string) => string) => (
    <div>
      <label for={label}>{label}</label>
      <input
        id={label}
        type="number"
        min={64}
        step={8}
        value={now}
        onInput={(event) => change(set(event.currentTarget.value))}
      />
    </div>
  );
  const choose = (chosen: string) => {
    setCustom(chosen === "other");
    change(chosen === "other" ? `${width}*${height}` : chosen);
  };
  return (
    <div>
      <label for="size">Size</label>
      <select
        id="size"
        value={other ? "other" : value}
        onChange={(event) => choose(event.currentTarget.value)}
      >
        <option value="">The model's own</option>
        {sizes.map((size) => (
          <option key={size} value={size}>
            {size.replace("*", " × ")}
          </option>
        ))}
        <option value="other">Other …</option>
      </select>
      {other ? (
        <div class="pair" style="margin-top:10px">
          {side("Width", width, (text) => `${text}*${height}`)}
          {side("Height", height, (text) => `${width}*${text}`)}
        </div>
      ) : null}
    </div>
  );
}

function useSlash(id: string): void {
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      const typing =
        event.target instanceof HTMLElement && event.target.closest("input, textarea, select, dialog");
      if (event.key !== "/" || typing) return;
      event.preventDefault();
      document.getElementById(id)?.focus();
    };
    document.addEventListener("keydown", listen);
    return () => document.removeEventListener("keydown", listen);
  }, [id]);
}
