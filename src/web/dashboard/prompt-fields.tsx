import { modeName, modeOf } from "./draft.ts";
import { FieldProblem, toldOf } from "./field-problem.tsx";
import type { FormView } from "./form-view.ts";

/** What is to be seen, and what is not. */
export function PromptFields({ form }: Readonly<{ form: FormView }>) {
  const { draft, change, choices, problems } = form;
  const [prompt, negative] = [problems.get("prompt"), problems.get("negative_prompt")];
  // Without guidance only the prompt is looked at.
  const isIdle = draft.negative !== "" && modeOf(draft, choices)?.sets["guidance_scale"] === 1;
  return (
    <>
      <div>
        <label for="prompt">Prompt</label>
        <textarea
          id="prompt"
          rows={4}
          value={draft.prompt}
          placeholder="a red circle on a blue background"
          {...toldOf("prompt", prompt)}
          onInput={(event) => change({ prompt: event.currentTarget.value })}
        />
        <FieldProblem id="prompt" text={prompt} />
      </div>
      <div>
        <label for="negative">Negative prompt</label>
        <textarea
          id="negative"
          class="short"
          rows={1}
          value={draft.negative}
          placeholder="what should not be seen"
          {...toldOf("negative", negative)}
          onInput={(event) => change({ negative: event.currentTarget.value })}
        />
        {isIdle ? (
          <p class="hint">{modeName(draft, choices)} draws without guidance: this changes nothing there.</p>
        ) : null}
        <FieldProblem id="negative" text={negative} />
      </div>
    </>
  );
}
