import { BugError, toWireError } from "#/lib/errors.ts";
import type { TaskId } from "#/lib/task-id.ts";
import type { EngineContext } from "#/pipeline/context.ts";
import { type Fact, generate } from "#/pipeline/generate.ts";
import { Interruption, Run } from "#/pipeline/run.ts";
import { useTool } from "#/pipeline/use-tool.ts";
import type { Handler, Port } from "./port.ts";
import type { EngineEvent, EngineSettings, JobCommand, Outcome, ToolAnswer } from "./protocol.ts";

/**
 * Makes what lives as long as the engine: device, residency, caches.
 *
 * @param atHand the job that is carried out now
 */
export type OpenContext = (
  settings: EngineSettings,
  send: (event: EngineEvent) => void,
  atHand: () => TaskId | undefined,
) => Promise<EngineContext>;

/**
 * Executes commands one after the other; `control` and `shutdown` are heard between network runs of the
 * job at hand. Whatever a job throws settles that job and no other.
 *
 * @param pipeline what makes pictures of an order
 * @returns the function to call with every command, in order
 */
export function serveEngine(
  port: Port,
  openContext: OpenContext,
  pipeline: typeof generate = generate,
): Handler {
  const runs = new Map<TaskId, Run>();
  let context: Promise<EngineContext> | undefined;
  let work: Promise<void> = Promise.resolve();
  let atHand: TaskId | undefined;

  const start = async (settings: EngineSettings): Promise<EngineContext> => {
    const opened = await openContext(settings, port.send, () => atHand);
    port.send({ type: "ready", device: opened.device, refused: opened.refused });
    return opened;
  };
  const settle = (id: TaskId, outcome: Outcome): void => {
    runs.delete(id);
    port.send({ type: "settled", id, outcome });
  };
  const runJob = async (command: JobCommand, run: Run): Promise<void> => {
    atHand = command.id;
    try {
      if (context === undefined) throw new BugError("The engine got a job before it was started.");
      settle(command.id, await carryOut(command, { context: await context, run, send: port.send, pipeline }));
    } catch (thrown) {
      settle(command.id, { status: "failed", error: toWireError(thrown) });
    } finally {
      atHand = undefined;
    }
  };

  return (command) => {
    switch (command.type) {
      case "start":
        context = start(command.settings);
        context.catch((thrown: unknown) => port.send({ type: "broken", error: toWireError(thrown) }));
        return;
      case "generate":
      case "tool": {
        const run = new Run();
        runs.set(command.id, run);
        work = work.then(() => runJob(command, run));
        return;
      }
      case "control":
        return runs.get(command.id)?.interrupt(command.action);
      case "unload":
        work = work.then(() => unload(context, port.send));
        return;
      case "shutdown":
        for (const run of runs.values()) run.interrupt("stop");
        work = work.then(async () => {
          await (await context?.catch(() => undefined))?.close();
          port.leave();
        });
    }
  };
}

/** What cannot be closed is a broken engine, and must not keep the next job from saying so. */
async function unload(
  context: Promise<EngineContext> | undefined,
  send: (event: EngineEvent) => void,
): Promise<void> {
  try {
    await (await context?.catch(() => undefined))?.unload();
  } catch (thrown) {
    send({ type: "broken", error: toWireError(thrown) });
  }
}

/** What a command is carried out with. */
type Means = Readonly<{
  context: EngineContext;
  run: Run;
  send: (event: EngineEvent) => void;
  pipeline: typeof generate;
}>;

/** @returns how the job ended */
async function carryOut(command: JobCommand, { context, run, send, pipeline }: Means): Promise<Outcome> {
  const { id } = command;
  switch (command.type) {
    case "generate":
      return await tellAll(pipeline(command, context, run), (fact) => send({ ...fact, id }));
    case "tool":
      return await answered(useTool(command, context, run), (answer) => send({ type: "answer", id, answer }));
  }
}

/** Tells what a job tells, as it comes. @returns how the job ended */
async function tellAll(
  facts: AsyncGenerator<Fact, Outcome, undefined>,
  tell: (fact: Fact) => void,
): Promise<Outcome> {
  for (;;) {
    const next = await facts.next();
    if (next.done === true) return next.value;
    tell(next.value);
  }
}

/** Tells what a tool answers. @returns how it ended */
async function answered(
  answering: Promise<ToolAnswer>,
  tell: (answer: ToolAnswer) => void,
): Promise<Outcome> {
  try {
    tell(await answering);
    return { status: "finished" };
  } catch (thrown) {
    if (thrown instanceof Interruption) return { status: "stopped" };
    throw thrown;
  }
}
