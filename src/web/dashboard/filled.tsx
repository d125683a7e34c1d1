import { Warnings } from "./warnings.tsx";

/** That the form was filled by something else than its owner's hands, and what is to be said of it. */
export type Filled = Readonly<{
  sentence: string;
  warnings: readonly string[];
  /** Takes the picture that it was filled from as the one to start from; undefined where there is none. */
  start: (() => void) | undefined;
  /** Brings back what the form held before. */
  back: () => void;
}>;

/** Says it above the form. */
export function FilledNotice({ filled, close }: Readonly<{ filled: Filled | undefined; close: () => void }>) {
  return (
    <div role="status" class={filled === undefined ? "" : "filled"}>
      {filled === undefined ? null : (
        <>
          <p class="named">{filled.sentence}</p>
          <Warnings of={filled.warnings} />
          <div class="row">
            {filled.start === undefined ? null : (
              <button type="button" class="small" onClick={filled.start}>
                Start from the picture instead
              </button>
            )}
            <button type="button" class="small" onClick={filled.back}>
              Take it back
            </button>
            <button type="button" class="small" onClick={close}>
              Keep it
            </button>
          </div>
        </>
      )}
    </div>
  );
}
