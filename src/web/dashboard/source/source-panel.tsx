import { type Describe, DescribeButtons } from "./describe-buttons.tsx";
import { FileButton } from "./file-button.tsx";
import { InpaintFields } from "./inpaint-fields.tsx";
import { MaskEditor } from "./mask-editor.tsx";
import { emptyMask } from "./mask-history.ts";
import { OutpaintFields } from "./outpaint-fields.tsx";
import { outpaintRegion } from "./outpaint-region.ts";
import { foreseen } from "./result-size.ts";
import { emptySource, type SourceDraft, type SourceTab } from "./source-draft.ts";
import type { StartingPicture } from "./starting-picture.ts";
import { VaryFields } from "./vary-fields.tsx";

export type SourcePanelProps = Readonly<{
  draft: SourceDraft;
  /** The size number that the server brings pictures to. */
  working: number;
  /** Whether control images keep the picture out. */
  keptOut: boolean;
  change: (part: Partial<SourceDraft>) => void;
  /** A file that somebody chose, dropped or pasted. */
  take: (file: File) => void;
  /** Puts into the prompt what the picture shows. */
  describe: Describe;
  complain: (problem: unknown) => void;
}>;

const tabs: readonly (readonly [SourceTab, string])[] = [
  ["uov", "Vary or upscale"],
  ["inpaint", "Inpaint or extend"],
  ["enhance", "Enhance"],
];

/** The picture to start from, if any: how it comes in, and what is done with it. */
export function SourcePanel(props: SourcePanelProps) {
  const { picture } = props.draft;
  return (
    <section class="source" id="source" tabIndex={-1} aria-label="Picture to start from">
      {picture === undefined ? <Intake {...props} /> : <WithPicture {...props} picture={picture} />}
    </section>
  );
}

function Intake({ take, complain }: SourcePanelProps) {
  return (
    <div class="drop">
      <p>Start from a picture: drop or paste one, or</p>
      <div class="row">
        <FileButton label="Choose a file" take={take} />
        <PasteButton take={take} complain={complain} />
      </div>
    </div>
  );
}

/** For those without a keyboard; browsers give the clipboard to pages that came safely only. */
function PasteButton({ take, complain }: Pick<SourcePanelProps, "take" | "complain">) {
  if (typeof navigator.clipboard?.read !== "function") return null;
  const paste = async () => {
    for (const item of await navigator.clipboard.read()) {
      const type = item.types.find((one) => one.startsWith("image/"));
      if (type === undefined) continue;
      return take(new File([await item.getType(type)], "Pasted picture", { type }));
    }
    throw new Error("There is no picture in the clipboard.");
  };
  return (
    <button type="button" class="small" onClick={() => void paste().catch(complain)}>
      Paste
    </button>
  );
}

function WithPicture(props: SourcePanelProps & Readonly<{ picture: StartingPicture }>) {
  const { draft, change, take, picture } = props;
  const remove = () => change({ picture: undefined, mask: emptyMask, extensions: emptySource.extensions });
  return (
    <>
      <div class="head">
        <p class="named">
          {picture.name}, {picture.width} × {picture.height}
        </p>
        <div class="row">
          <FileButton label="Another" take={take} />
          <button type="button" class="small" aria-label="Remove the picture" onClick={remove}>
            Remove
          </button>
        </div>
      </div>
      <DescribeButtons picture={picture} describe={props.describe} />
      <fieldset>
        <legend class="hidden">What the picture is for</legend>
        <div class="segments tabs">
          {tabs.map(([tab, label]) => (
            <label key={tab}>
              <input type="radio" name="tab" checked={draft.tab === tab} onChange={() => change({ tab })} />
              {label}
            </label>
          ))}
        </div>
      </fieldset>
      <p class="hint" role="status">
        {props.keptOut ? keptOut : told(draft, props.working)}
      </p>
      <ForTab {...props} picture={picture} />
    </>
  );
}

function ForTab(props: SourcePanelProps & Readonly<{ picture: StartingPicture }>) {
  const { picture } = props;
  switch (props.draft.tab) {
    case "uov":
      return <VaryFields {...props} />;
    case "inpaint":
      return <Inpaint {...props} />;
    case "enhance":
      return <img class="shown" src={picture.shown} alt={`To enhance: ${picture.name}`} />;
  }
}

function Inpaint({
  draft,
  change,
  complain,
  picture,
}: SourcePanelProps & Readonly<{ picture: StartingPicture }>) {
  return (
    <>
      <MaskEditor
        key={picture.shown}
        picture={picture}
        mask={draft.mask}
        region={outpaintRegion(picture, draft.extensions)}
        change={(mask) => change({ mask })}
        complain={complain}
      />
      <OutpaintFields extensions={draft.extensions} change={(extensions) => change({ extensions })} />
      <InpaintFields draft={draft} change={change} />
    </>
  );
}

const keptOut =
  "It takes no part, since control images come first: say below that it takes part too, or remove them.";

/** What will come of it, before it is sent. */
function told(draft: SourceDraft, working: number): string {
  if (draft.tab === "uov" && draft.method === "Disabled")
    return "Disabled: the picture takes no part, and a new one is made from the prompt.";
  if (draft.tab === "enhance") return "Nothing new is made: say below what is done with this picture.";
  const made = foreseen(draft, working);
  if (made === undefined)
    return "This picture is too narrow: its longer side may be at most 100 times as long as the shorter one.";
  const { width, height } = made.size;
  const direct = made.direct ? " It is only enlarged: without the prompt, and one picture." : "";
  return `The result will be ${width} × ${height}.${direct}`;
}
