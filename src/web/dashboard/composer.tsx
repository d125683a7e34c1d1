import type { ComponentChildren } from "preact";
import { ControlPanel, type ControlPanelProps } from "./control/control-panel.tsx";
import { EnhancePanel } from "./enhance/enhance-panel.tsx";
import { FilledNotice } from "./filled.tsx";
import type { FormView } from "./form-view.ts";
import { NumberFields } from "./number-fields.tsx";
import { PerformanceField } from "./performance-field.tsx";
import { PromptFields } from "./prompt-fields.tsx";
import { LoraList } from "./settings/lora-list.tsx";
import { SettingField } from "./settings/setting-field.tsx";
import { OtherSettings, SettingsPanel } from "./settings/settings-panel.tsx";
import { SizeField } from "./size-field.tsx";
import { takesPart } from "./source/source-draft.ts";
import { SourcePanel, type SourcePanelProps } from "./source/source-panel.tsx";
import { StylePicker } from "./style-picker.tsx";
import type { useFill } from "./use-fill.ts";
import { useFocusKey } from "./use-page-key.ts";

type ComposerProps = Readonly<{
  view: FormView;
  source: SourcePanelProps;
  control: ControlPanelProps;
  /** What is wrong and has no place of its own. */
  problem: string;
  busy: boolean;
  filling: Pick<ReturnType<typeof useFill>, "filled" | "close" | "clear">;
  submit: () => void;
  /** The way to what is being made. */
  toStage: ComponentChildren;
}>;

/** The form. Control+Enter (or Command) sends it from anywhere in it, `p` leads to its first field. */
export function Composer({ view, source, control, problem, busy, filling, submit, toStage }: ComposerProps) {
  const { draft, change } = view;
  useFocusKey("p", "prompt");
  const send = (event: Event) => {
    event.preventDefault();
    submit();
  };
  const keys = (event: KeyboardEvent) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) send(event);
  };
  // What a field takes is the server's word, said at the field; a browser's own check stops at what is folded away.
  return (
    <form class="card compose" noValidate onSubmit={send} onKeyDown={keys} aria-label="New picture">
      <div class="fields">
        <FilledNotice filled={filling.filled} close={filling.close} />
        <PromptFields form={view} />
        <SourcePanel {...source} />
        <ControlPanel {...control} />
        <EnhancePanel draft={draft.enhance} change={(enhance) => change({ enhance })} />
        <SettingField name="base_model_name" form={view} />
        <PerformanceField form={view} />
        <div class="pair roomy">
          <SettingField name="preset" form={view} />
          {takesPart(source.draft) && !source.keptOut ? null : <SizeField form={view} />}
        </div>
        <NumberFields form={view} />
        <StylePicker form={view} />
        <LoraList form={view} />
        <SettingsPanel form={view} />
        <OtherSettings form={view} />
      </div>
      <div class="send">
        {problem === "" ? null : (
          <p class="problem" role="alert">
            {problem}
          </p>
        )}
        {toStage}
        <div class="row">
          <button class="main" type="submit" disabled={busy}>
            Generate
          </button>
          <button type="button" onClick={filling.clear}>
            Clear form
          </button>
        </div>
      </div>
    </form>
  );
}
