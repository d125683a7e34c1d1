import { useEffect } from "preact/hooks";
import { FileButton } from "../source/file-button.tsx";
import { NumberField } from "../source/number-field.tsx";
import type { StartingPicture } from "../source/starting-picture.ts";
import { Warnings } from "../warnings.tsx";
import { controlTypes, type Prepared, type SlotDraft, strengthsOf } from "./control-draft.ts";
import { slotId } from "./use-control.ts";
import { useDrop } from "./use-drop.ts";

export type ControlSlotProps = Readonly<{
  at: number;
  slot: SlotDraft;
  /** What the server does not like about it; empty: nothing. */
  problem: string;
  change: (part: Partial<SlotDraft>) => void;
  take: (file: File) => void;
  takeOwn: (address: string) => void;
  prepare: () => void;
}>;

/** A place for a control image: how it comes in, what is taken from it, how strongly and how long. */
export function ControlSlot(props: ControlSlotProps) {
  const { at, slot, problem, take, takeOwn } = props;
  const { held, listeners } = useDrop(take, takeOwn);
  const { picture, prepared } = slot;
  useReleased(picture?.shown);
  useReleased(prepared?.kind === "ready" ? prepared.shown : undefined);
  return (
    <fieldset class={held ? "slot held" : "slot"} id={slotId(at)} tabIndex={-1} {...listeners}>
      <legend class="hidden">Control image {at + 1}</legend>
      {picture === undefined ? (
        <div class="row">
          <p class="hint">{at + 1}: drop a picture here, or</p>
          <FileButton label={`Choose picture ${at + 1}`} take={take} />
        </div>
      ) : (
        <Filled {...props} picture={picture} />
      )}
      {problem === "" ? null : (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
    </fieldset>
  );
}

/** Gives a picture's address back to the browser once it is no longer shown. */
function useReleased(url: string | undefined) {
  useEffect(() => () => void (url !== undefined && URL.revokeObjectURL(url)), [url]);
}

function Filled(props: ControlSlotProps & Readonly<{ picture: StartingPicture }>) {
  const { at, slot, picture, change, take, prepare } = props;
  const { prepared } = slot;
  return (
    <>
      <div class="head">
        <p class="named">
          {at + 1}: {picture.name}, {picture.width} × {picture.height}
        </p>
        <div class="row">
          <FileButton label={`Other picture ${at + 1}`} take={take} />
          <button
            type="button"
            class="small"
            aria-label={`Remove control image ${at + 1}`}
            onClick={() => change({ picture: undefined })}
          >
            Remove
          </button>
        </div>
      </div>
      <div class="pictures">
        <img src={picture.shown} alt={`Control image ${at + 1}: ${picture.name}`} />
        <AsPrepared at={at} prepared={prepared} prepare={prepare} />
      </div>
      {prepared?.kind === "ready" ? <Warnings of={prepared.warnings} /> : null}
      <Strengths at={at} slot={slot} change={change} />
    </>
  );
}

type AsPreparedProps = Readonly<{ at: number; prepared: Prepared | undefined; prepare: () => void }>;

function AsPrepared({ at, prepared, prepare }: AsPreparedProps) {
  if (prepared?.kind === "ready")
    return <img src={prepared.shown} alt={`Control image ${at + 1}, prepared`} />;
  const isAwaited = prepared !== undefined;
  return (
    <div class="unprepared">
      <button type="button" class="small" disabled={isAwaited} onClick={prepare}>
        {isAwaited ? "Being prepared …" : "Show it prepared"}
      </button>
    </div>
  );
}

function Strengths({ at, slot, change }: Pick<ControlSlotProps, "at" | "slot" | "change">) {
  const { stop, weight } = strengthsOf(slot);
  const id = slotId(at);
  return (
    <>
      <div>
        <label for={`${id}-type`}>What is taken from it</label>
        <select
          id={`${id}-type`}
          value={slot.type}
          onChange={({ currentTarget: { value } }) =>
            change({ type: controlTypes.find(([name]) => name === value)?.[0] ?? slot.type })
          }
        >
          {controlTypes.map(([name, label]) => (
            <option key={name} value={name}>
              {label}
            </option>
          ))}
        </select>
      </div>
      <div class="pair">
        <NumberField
          id={`${id}-stop`}
          label="Stops at"
          value={stop}
          range={{ min: 0, max: 1, step: 0.001 }}
          change={(value) => change({ stop: value })}
        />
        <NumberField
          id={`${id}-weight`}
          label="Weight"
          value={weight}
          range={{ min: 0, max: 2, step: 0.001 }}
          change={(value) => change({ weight: value })}
        />
      </div>
    </>
  );
}
