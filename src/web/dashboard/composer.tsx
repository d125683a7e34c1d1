import { ControlPanel, type ControlPanelProps } from "./control/control-panel.tsx";
import type { Draft } from "./draft.ts";
import { EnhancePanel } from "./enhance/enhance-panel.tsx";
import { NumberFields } from "./number-fields.tsx";
import { PerformanceField } from "./performance-field.tsx";
import { SizeField } from "./size-field.tsx";
import { takesPart } from "./source/source-draft.ts";
import { SourcePanel, type SourcePanelProps } from "./source/source-panel.tsx";
import { StylePicker } from "./style-picker.tsx";
import { useFocusKey } from "./use-page-key.ts";

type ComposerProps = Readonly<{
  draft: Draft;
  source: SourcePanelProps;
  control: ControlPanelProps;
  styles: readonly string[];
  problem: string;
  busy: boolean;
  change: (part: Partial<Draft>) => void;
  submit: () => void;
}>;

/** The form. Control+Enter (or Command) sends it from anywhere in it, `p` leads to its first field. */
export function Composer(props: ComposerProps) {
  const { draft, source, control, styles, problem, busy, change, submit } = props;
  useFocusKey("p", "prompt");
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
      <SourcePanel {...source} />
      <ControlPanel {...control} />
      <EnhancePanel draft={draft.enhance} change={(enhance) => change({ enhance })} />
      <PerformanceField value={draft.performance} change={(performance) => change({ performance })} />
      {takesPart(source.draft) && !source.keptOut ? null : (
        <SizeField value={draft.size} change={(size) => change({ size })} />
      )}
      <NumberFields count={draft.count} seed={draft.seed} change={change} />
      <div>
        <label for="negative">Leave out</label>
        <input
          id="negative"
          value={draft.negative}
          onInput={(event) => change({ negative: event.currentTarget.value })}
        />
      </div>
      <StylePicker all={styles} chosen={draft.styles} choose={(chosen) => change({ styles: chosen })} />
      <Further fields={Object.keys(draft.further)} forget={() => change({ further: {} })} />
      <div class="send">
        {problem === "" ? null : (
          <p class="problem" role="alert">
            {problem}
          </p>
        )}
        <button class="main" type="submit" disabled={busy}>
          Generate
        </button>
      </div>
    </form>
  );
}

/** What of a picture's settings goes along without a field of its own. */
function Further({ fields, forget }: Readonly<{ fields: readonly string[]; forget: () => void }>) {
  if (fields.length === 0) return null;
  return (
    <div class="row">
      <p class="hint named">Also as in that picture: {fields.join(", ")}</p>
      <button type="button" class="small" onClick={forget}>
        Forget these
      </button>
    </div>
  );
}
