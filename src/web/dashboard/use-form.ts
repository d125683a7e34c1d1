import { useState } from "preact/hooks";
import { sentence } from "./complaint.ts";
import type { Connection } from "./connection.ts";
import { controlRequest, keepsOut } from "./control/control-request.ts";
import { preparedBeside } from "./control/prepared-beside.ts";
import { slotProblems } from "./control/slot-problems.ts";
import { useControl } from "./control/use-control.ts";
import { type Draft, draftOf, emptyDraft, requestOf } from "./draft.ts";
import { emptyEnhance } from "./enhance/enhance-draft.ts";
import type { FormView } from "./form-view.ts";
import { hasPlace } from "./has-place.ts";
import { meaningOf } from "./meaning.ts";
import { problemsOf } from "./problems.ts";
import type { Server } from "./server.ts";
import type { Describe } from "./source/describe-buttons.tsx";
import { sourceRequest } from "./source/source-request.ts";
import { sentPicture } from "./source/starting-picture.ts";
import { useSource } from "./source/use-source.ts";
import { useAttempt } from "./use-attempt.ts";
import { useChoices } from "./use-choices.ts";
import { useFirstProblem } from "./use-first-problem.ts";
import type { TaskRecord } from "./wire.ts";

/** What the form is about: the server, its connection, and what is known of it. */
type FormParts = Readonly<{
  server: Server;
  connection: Connection | undefined;
  /** The size number that the server brings pictures to. */
  working: number;
  /** See {@link useChoices}. */
  stale: number | undefined;
}>;

/** Everything that the form holds, what comes of it, and why it was refused. */
export function useForm({ server, connection, working, stale }: FormParts) {
  const [draft, setDraft] = useState<Draft>(emptyDraft);
  const attempts = useAttempt();
  const { complaints, busy, attempt, complain } = attempts;
  const { choices, description, complaints: unusable } = useChoices(server, draft.settings, stale);
  const source = useSource(server, attempt);
  const control = useControl(server, attempts);
  const change = (part: Partial<Draft>) => setDraft((before) => ({ ...before, ...part }));

  /** All that a record says. */
  const reuse = (record: TaskRecord) => {
    const usual = Object.entries(description.region).map(
      ([name, { usual: value }]) => [name, value] as const,
    );
    const fill = async () => {
      const { params, defaults } = await meaningOf(server, record.req_params);
      setDraft(draftOf(params, defaults, Object.fromEntries(usual)));
    };
    attempt(fill());
    source.restore(record);
    control.restore(record);
  };
  /** The prompt that a picture could have been made of. */
  const describe: Describe = async ({ sent }, type) => {
    const prompt = await server.describe(await sentPicture(sent), type).catch(complain);
    if (prompt !== undefined) change({ prompt });
  };
  const keptOut = keepsOut(control.control, source.source);
  const request = async () => ({
    ...requestOf(draft, choices),
    // What takes no part is not sent; the page has said so.
    ...(keptOut ? {} : await sourceRequest(source.source)),
    ...(await controlRequest(control.control)),
  });
  const submit = () => attempt(request().then((fields) => connection?.generate(fields)));
  const preparing = async (at: number) => ({
    // Nothing is drawn: the files of a fast performance need not be there.
    ...requestOf({ ...draft, count: 1, enhance: emptyEnhance, performance: "Speed" }, choices),
    ...(keptOut ? {} : await sourceRequest(preparedBeside(source.source, working))),
    ...(await controlRequest(control.control, at)),
  });
  const { at: slots, others } = slotProblems([...complaints, ...unusable]);
  const { at: problems, others: elsewhere } = problemsOf(others, hasPlace);
  useFirstProblem(complaints);
  const view: FormView = { draft, change, choices, description, problems };
  return {
    view,
    draft,
    change,
    source: { ...source, keptOut },
    control: { ...control, problems: slots, prepare: (at: number) => control.prepare(at, preparing(at)) },
    problem: problemOf(sentence(elsewhere), [...slots.keys()]),
    busy,
    attempt,
    complain,
    reuse,
    describe,
    submit,
  };
}

/** What is said where the form is sent: what is said at a control image is only pointed to. */
function problemOf(others: string, slots: readonly number[]): string {
  const pointed = slots.map((at) => `Control image ${at + 1} cannot be used: its place says why.`);
  return [others, ...pointed].filter((one) => one !== "").join(" ");
}
