import { useState } from "preact/hooks";
import { sentence } from "./complaint.ts";
import type { Connection } from "./connection.ts";
import { controlRequest, keepsOut } from "./control/control-request.ts";
import { preparedBeside } from "./control/prepared-beside.ts";
import { slotProblems } from "./control/slot-problems.ts";
import { useControl } from "./control/use-control.ts";
import { type Draft, draftOf, emptyDraft, requestOf } from "./draft.ts";
import { emptyEnhance } from "./enhance/enhance-draft.ts";
import type { Server } from "./server.ts";
import { sourceRequest } from "./source/source-request.ts";
import { useSource } from "./source/use-source.ts";
import { useAttempt } from "./use-attempt.ts";
import type { TaskRecord } from "./wire.ts";

/** Everything that the form holds, what comes of it, and why it was refused. */
export function useForm(server: Server, connection: Connection | undefined, working: number) {
  const [draft, setDraft] = useState<Draft>(emptyDraft);
  const attempts = useAttempt();
  const { complaints, busy, attempt, complain } = attempts;
  const source = useSource(server, attempt);
  const control = useControl(server, attempts);
  const change = (part: Partial<Draft>) => setDraft((before) => ({ ...before, ...part }));

  /** All the settings of a task. */
  const reuse = (record: TaskRecord) => {
    attempt(server.defaults().then((defaults) => setDraft(draftOf(record, defaults))));
    source.restore(record);
    control.restore(record);
  };
  const keptOut = keepsOut(control.control, source.source);
  const request = async () => ({
    ...requestOf(draft),
    // What takes no part is not sent; the page has said so.
    ...(keptOut ? {} : await sourceRequest(source.source)),
    ...(await controlRequest(control.control)),
  });
  const submit = () => attempt(request().then((fields) => connection?.generate(fields)));
  const preparing = async (at: number) => ({
    ...requestOf({ ...draft, count: 1, enhance: emptyEnhance }),
    ...(keptOut ? {} : await sourceRequest(preparedBeside(source.source, working))),
    ...(await controlRequest(control.control, at)),
  });
  const { at: slots, others } = slotProblems(complaints);
  return {
    draft,
    change,
    source: { ...source, keptOut },
    control: { ...control, problems: slots, prepare: (at: number) => control.prepare(at, preparing(at)) },
    problem: problemOf(sentence(others), [...slots.keys()]),
    busy,
    attempt,
    complain,
    reuse,
    submit,
  };
}

/** What is said where the form is sent: what is said at a control image is only pointed to. */
function problemOf(others: string, slots: readonly number[]): string {
  const pointed = slots.map((at) => `Control image ${at + 1} cannot be used: its place says why.`);
  return [others, ...pointed].filter((one) => one !== "").join(" ");
}
