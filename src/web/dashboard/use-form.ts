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
import type { Describe } from "./source/describe-buttons.tsx";
import { sourceRequest } from "./source/source-request.ts";
import { sentPicture } from "./source/starting-picture.ts";
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
  /** The prompt that a picture could have been made of. */
  const describe: Describe = async ({ sent }, type) => {
    const prompt = await server.describe(await sentPicture(sent), type).catch(complain);
    if (prompt !== undefined) change({ prompt });
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
    // Nothing is drawn: the files of a fast performance need not be there.
    ...requestOf({ ...draft, count: 1, enhance: emptyEnhance, performance: "Speed" }),
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
    describe,
    submit,
  };
}

/** What is said where the form is sent: what is said at a control image is only pointed to. */
function problemOf(others: string, slots: readonly number[]): string {
  const pointed = slots.map((at) => `Control image ${at + 1} cannot be used: its place says why.`);
  return [others, ...pointed].filter((one) => one !== "").join(" ");
}
