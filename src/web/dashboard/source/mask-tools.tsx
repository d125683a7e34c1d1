import { exportMask } from "./export-mask.ts";
import { FileButton } from "./file-button.tsx";
import { loadMask } from "./load-mask.ts";
import { type MaskHistory, type MaskStep, redo, undo, withStep } from "./mask-history.ts";
import type { StartingPicture } from "./starting-picture.ts";
import type { Painting } from "./use-painting.ts";
import type { Tool } from "./use-stroke.ts";

const tools: readonly (readonly [Tool, string])[] = [
  ["paint", "Paint"],
  ["erase", "Erase"],
  ["area", "Outline"],
  ["move", "Move"],
];

const whole: readonly (readonly ["clear" | "fill" | "invert", string])[] = [
  ["clear", "Clear"],
  ["fill", "Fill"],
  ["invert", "Invert"],
];

type MaskToolsProps = Readonly<{
  painting: Painting;
  picture: StartingPicture;
  mask: MaskHistory;
  change: (mask: MaskHistory) => void;
  complain: (problem: unknown) => void;
}>;

/** What the brush does, its size, and what is done to the whole mask. */
export function MaskTools({ painting, picture, mask, change, complain }: MaskToolsProps) {
  const { tool, setTool, size, resize, longest } = painting;
  const step = (one: MaskStep) => change(withStep(mask, one));
  const load = (file: File) => void loadMask(file, file.name).then(step, complain);
  return (
    <div class="tools">
      <fieldset>
        <legend class="hidden">Tool</legend>
        <div class="segments">
          {tools.map(([name, label]) => (
            <label key={name}>
              <input type="radio" name="tool" checked={tool === name} onChange={() => setTool(name)} />
              {label}
            </label>
          ))}
        </div>
      </fieldset>
      <label class="slider">
        Brush
        <input
          type="range"
          min={1}
          max={longest}
          value={size}
          onInput={(event) => resize(Number(event.currentTarget.value))}
        />
        <output>{size} px</output>
      </label>
      <div class="row">
        <Button label="Undo" off={mask.done.length === 0} act={() => change(undo(mask))} />
        <Button label="Redo" off={mask.undone.length === 0} act={() => change(redo(mask))} />
        {whole.map(([kind, label]) => (
          <Button key={kind} label={label} act={() => step({ kind })} />
        ))}
      </div>
      <div class="row">
        <Zoom painting={painting} />
        <FileButton label="Load a mask" take={load} />
        <Button label="Save the mask" act={() => void save(mask, picture).catch(complain)} />
      </div>
    </div>
  );
}

function Zoom({ painting: { sight } }: Readonly<{ painting: Painting }>) {
  return (
    <>
      <Button label="−" name="Zoom out" act={() => sight.zoom(0.8)} />
      <Button label="+" name="Zoom in" act={() => sight.zoom(1.25)} />
      <Button label="Show all" act={sight.fit} />
    </>
  );
}

type ButtonProps = Readonly<{ label: string; name?: string; off?: boolean; act: () => void }>;

function Button({ label, name, off = false, act }: ButtonProps) {
  return (
    <button type="button" class="small" aria-label={name ?? label} disabled={off} onClick={act}>
      {label}
    </button>
  );
}

/** The mask as a file of the user's, in the picture's own pixels. */
async function save(mask: MaskHistory, picture: StartingPicture): Promise<void> {
  const file = await exportMask(mask, picture);
  if (file === undefined) throw new Error("Nothing is painted yet.");
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = `${picture.name.replace(/\.\w+$/, "")}-mask.png`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
