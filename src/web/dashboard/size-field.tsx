import { useState } from "preact/hooks";
import { noChoices } from "./choices.ts";
import { FieldProblem, toldOf } from "./field-problem.tsx";
import type { FormView } from "./form-view.ts";
import { sidePlaces, sidesOf } from "./size-sides.ts";
import { textOf } from "./values.ts";

/** Sizes and their ratios, as the server offers them for the model, and two fields for any other. */
export function SizeField({ form }: Readonly<{ form: FormView }>) {
  const { draft, change: set, choices, problems } = form;
  const value = draft.size;
  const change = (size: string) => set({ size });
  const [custom, setCustom] = useState(false);
  const sizes = choices.lists["aspect_ratios_selection"] ?? [];
  const usual = textOf(choices.defaults["aspect_ratios_selection"]).replace("×", "*");
  const other = custom || (value !== "" && !sizes.includes(value));
  const { width, height } = sidesOf(value === "" ? usual : value);
  const problem = problems.get("aspect_ratios_selection");
  const choose = (chosen: string) => {
    setCustom(chosen === "other");
    change(chosen === "other" ? `${width}*${height}` : chosen);
  };
  return (
    <div>
      <label for="size">Size</label>
      <select
        id="size"
        // Sides begin with the usual ones, once these are known.
        disabled={choices === noChoices}
        // The usual one is listed once, whether it is said or left open.
        value={other ? "other" : value === usual ? "" : value}
        {...toldOf("size", problem)}
        onChange={(event) => choose(event.currentTarget.value)}
      >
        <option value="">
          {usual === "" ? "The model's own" : `${usual.replace("*", " × ")} (default)`}
        </option>
        {sizes
          .filter((size) => size !== usual)
          .map((size) => (
            <option key={size} value={size}>
              {named(size)}
            </option>
          ))}
        <option value="other">Other …</option>
      </select>
      {other ? (
        <div class="pair sides-of spaced">
          <Side
            label="Width"
            value={width}
            problem={problems.get(sidePlaces.width)}
            change={(text) => change(`${text}*${height}`)}
          />
          <Side
            label="Height"
            value={height}
            problem={problems.get(sidePlaces.height)}
            change={(text) => change(`${width}*${text}`)}
          />
        </div>
      ) : null}
      <FieldProblem id="size" text={problem} />
    </div>
  );
}

type SideProps = Readonly<{
  label: string;
  value: string;
  problem: string | undefined;
  change: (text: string) => void;
}>;

function Side({ label, value, problem, change }: SideProps) {
  return (
    <div>
      <label for={label}>{label}</label>
      <input
        id={label}
        type="number"
        step={8}
        value={value}
        {...toldOf(label, problem)}
        onInput={(event) => change(event.currentTarget.value)}
      />
      <FieldProblem id={label} text={problem} />
    </div>
  );
}

/** A size with its ratio in the smallest whole numbers, `1152 × 896 (9:7)`. */
function named(size: string): string {
  const [width = 0, height = 0] = size.split("*").map(Number);
  const common = divisor(width, height);
  const ratio = common > 0 ? ` (${width / common}:${height / common})` : "";
  return `${width} × ${height}${ratio}`;
}

const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));
