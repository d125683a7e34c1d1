import { useState } from "preact/hooks";
import { sentence } from "./complaint.ts";
import type { Connection } from "./connection.ts";
import { emptyControl } from "./control/control-draft.ts";
import { slotProblems } from "./control/slot-problems.ts";
import { useControl } from "./control/use-control.ts";
import type { Draft } from "./draft.ts";
import { formRequests } from "./form-requests.ts";
import type { FormView } from "./form-view.ts";
import { hasPlace } from "./has-place.ts";
import { draftBefore, useKept } from "./kept/use-kept.ts";
import { problemsOf } from "./problems.ts";
import type { Server } from "./server.ts";
import type { Describe } from "./source/describe-buttons.tsx";
import { emptySource } from "./source/source-draft.ts";
import { sentPicture } from "./source/starting-picture.ts";
import { useIntake } from "./source/use-intake.ts";
import { useSource } from "./source/use-source.ts";
import { useAttempt } from "./use-attempt.ts";
import { useChoices } from "./use-choices.ts";
import { useFill } from "./use-fill.ts";
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
  const [draft, setDraft] = useState<Draft>(draftBefore);
  const attempts = useAttempt(stale !== undefined);
  const { complaints, busy, attempt, complain } = attempts;
  const { choices, description, complaints: unusable } = useChoices(server, draft.settings, stale);
  const source = useSource(server, attempt);
  const control = useControl(server, attempts);
  const change = (part: Partial<Draft>) => setDraft((before) => ({ ...before, ...part }));

  const filling = useFill({ server, draft, setDraft, description, source, control, attempt });
  // What is dropped where pictures to start from are shown is one, whatever it tells of its making.
  const over = useIntake(
    (file, onto) => (onto?.closest("#source") ? source.take(file) : filling.bring(file)),
    source.takeOwn,
  );
  useKept({
    ...{ draft, server },
    source: source.source,
    control: control.control,
    isReachable: stale !== undefined,
    restore: (kept, guides) => {
      source.put((now) => (now === emptySource ? kept : now));
      control.put((now) => (now === emptyControl ? guides : now));
    },
  });
  /** The prompt that a picture could have been made of. */
  const describe: Describe = async ({ sent }, type) => {
    const prompt = await server.describe(await sentPicture(sent), type).catch(complain);
    if (prompt !== undefined) change({ prompt });
  };
  const held = { draft, choices, working, source: source.source, control: control.control };
  const { keptOut, request, preparing } = formRequests(held);
  const submit = () => attempt(request().then((fields) => connection?.generate(fields)));
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
    reuse: (record: TaskRecord) => filling.reuse(record.req_params),
    filling,
    over,
    describe,
    submit,
  };
}

/** What is said where the form is sent: what is said at a control image is only pointed to. */
function problemOf(others: string, slots: readonly number[]): string {
  const pointed = slots.map((at) => `Control image ${at + 1} cannot be used: its place says why.`);
  return [others, ...pointed].filter((one) => one !== "").join(" ");
}
