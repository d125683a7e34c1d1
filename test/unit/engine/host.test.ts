import { expect, test } from "bun:test";
import type { Channel } from "#/engine/channel.ts";
import { EngineHost } from "#/engine/host.ts";
import type { EngineCommand, EngineEvent, EngineSettings } from "#/engine/protocol.ts";
import { EngineError } from "#/lib/errors.ts";
import { newTaskId, type TaskId } from "#/lib/task-id.ts";
import { smallRecipe } from "../../support/small-recipe.ts";

const settings: EngineSettings = {
  modelRoots: [],
  providers: "auto",
  weights: "in-place",
  memoryBudget: 0,
  derived: { folder: "", budget: 0 },
  threads: 1,
};

/** What the other side does with a job. */
type Ending = "dies" | "finishes" | "cannot be started";

/** A host whose other side ends each job as it is told, and the rests that were taken. */
function openHost(endings: Ending[]) {
  const rests: number[] = [];
  const open = (): Channel => {
    if (endings[0] === "cannot be started") {
      endings.shift();
      throw new EngineError("worker-died", "The engine's process cannot be started.");
    }
    let tell: (event: EngineEvent) => void = () => undefined;
    let close: (reason: string) => void = () => undefined;
    const post = (command: EngineCommand): void => {
      if (command.type !== "generate") return;
      const { id } = command;
      queueMicrotask(() => {
        if (endings.shift() === "dies") close("it died");
        else tell({ type: "settled", id, outcome: { status: "finished" } });
      });
    };
    return {
      post,
      onEvent: (listener) => {
        tell = listener;
      },
      onClosed: (listener) => {
        close = listener;
      },
      kill: () => undefined,
    };
  };
  const rest = async (milliseconds: number): Promise<void> => {
    rests.push(milliseconds);
  };
  const host = new EngineHost(settings, open, { rest });
  const job = async (): Promise<string | undefined> => {
    const command = { type: "generate", id: newTaskId(), recipe: smallRecipe, inputs: [] } as const;
    try {
      const [last] = (await Array.fromAsync(host.run(command))).slice(-1);
      return last?.type === "settled" ? last.outcome.status : undefined;
    } catch {
      return "thrown";
    } finally {
      await host.restored();
    }
  };
  return { host, job, rests };
}

test("an engine that died is started by the next job at once, one that dies over and over later and later", async () => {
  const { host, job, rests } = openHost([
    "dies",
    "finishes",
    ...Array.from({ length: 9 }, () => "dies" as const),
  ]);
  expect([await job(), host.state.state]).toEqual(["failed", "restarting"]);
  expect([await job(), host.state.state, rests]).toEqual(["finished", "ready", []]);
  for (let n = 0; n < 9; n += 1) expect(await job()).toBe("failed");
  expect(rests).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
});

test("what did something is trusted again, and what cannot be started is not", async () => {
  const { job, rests } = openHost(["dies", "dies", "finishes", "dies", "cannot be started", "finishes"]);
  const ends = [];
  for (let n = 0; n < 6; n += 1) ends.push(await job());
  expect(ends).toEqual(["failed", "failed", "finished", "failed", "thrown", "finished"]);
  expect(rests).toEqual([500, 500]);
});

test("an engine that could not be opened looked ready after the first job that it failed", async () => {
  const error = { code: "provider-missing", message: "There is no such device.", details: {} } as const;
  let isBroken = true;
  let tell: (event: EngineEvent) => void = () => undefined;
  const open = (): Channel => ({
    post: (command) => {
      if (command.type === "start") tell(isBroken ? { type: "broken", error } : ready);
      if (command.type !== "generate") return;
      const outcome = isBroken ? ({ status: "failed", error } as const) : ({ status: "finished" } as const);
      queueMicrotask(() => tell({ type: "settled", id: command.id, outcome }));
    },
    onEvent: (listener) => {
      tell = listener;
    },
    onClosed: () => undefined,
    kill: () => undefined,
  });
  const ready = { type: "ready", device: "cpu", refused: [] } as const;
  const host = new EngineHost(settings, open);
  const job = () =>
    Array.fromAsync(host.run({ type: "generate", id: newTaskId(), recipe: smallRecipe, inputs: [] }));
  await job();
  expect(host.state.state).toBe("failed");
  await job();
  expect(host.state.state).toBe("failed");
  isBroken = false;
  await job();
  expect(host.state.state).toBe("ready");
});

/** A host whose engines cannot be opened until they can, and rests that end when they are told to. */
function unopenedHost() {
  const error = { code: "out-of-memory", message: "The card is full.", details: {} } as const;
  const now = { isFull: true, dies: false };
  const started: { killed: boolean }[] = [];
  const rests: { milliseconds: number; over: () => void }[] = [];
  const open = (): Channel => {
    const own = { killed: false };
    started.push(own);
    let tell: (event: EngineEvent) => void = () => undefined;
    let close: (reason: string) => void = () => undefined;
    return {
      post: (command) =>
        queueMicrotask(() => {
          if (command.type === "start" && now.dies) return close("it died");
          if (command.type === "start")
            return tell(
              now.isFull ? { type: "broken", error } : { type: "ready", device: "cuda", refused: [] },
            );
          if (command.type !== "generate") return;
          const outcome = now.isFull
            ? ({ status: "failed", error } as const)
            : ({ status: "finished" } as const);
          tell({ type: "settled", id: command.id, outcome });
        }),
      onEvent: (listener) => {
        tell = listener;
      },
      onClosed: (listener) => {
        close = listener;
      },
      kill: () => {
        own.killed = true;
        close("it was killed");
      },
    };
  };
  const rest = (milliseconds: number) =>
    new Promise<void>((over) => {
      rests.push({ milliseconds, over });
    });
  const host = new EngineHost(settings, open, { rest });
  const job = async (): Promise<string | undefined> => {
    const command = { type: "generate", id: newTaskId(), recipe: smallRecipe, inputs: [] } as const;
    const [last] = (await Array.fromAsync(host.run(command))).slice(-1);
    return last?.type === "settled" ? last.outcome.status : undefined;
  };
  /** Ends the last rest, and lets follow what follows. */
  const pass = async (): Promise<void> => {
    rests.at(-1)?.over();
    await Bun.sleep(0);
  };
  return { host, job, now, started, rests, pass };
}

test("an engine that could not be opened is opened again by itself, later and later, until it can be", async () => {
  const { host, job, now, started, rests, pass } = unopenedHost();
  const states: string[] = [];
  host.subscribe(({ state }) => states.push(state));
  expect([await job(), host.state.state]).toEqual(["failed", "failed"]);
  for (let n = 0; n < 6; n += 1) await pass();
  now.dies = true;
  await pass();
  expect(rests.map(({ milliseconds }) => milliseconds / 1000)).toEqual([10, 20, 40, 80, 160, 300, 300, 300]);
  expect(host.state.state).toBe("failed");
  // Nothing is left of those that could not be opened.
  expect(started.slice(0, 7).map(({ killed }) => killed)).toEqual(Array.from({ length: 7 }, () => true));
  expect(states.slice(1)).not.toContain("restarting");
  Object.assign(now, { isFull: false, dies: false });
  await pass();
  expect([host.state.state, host.state.device, rests.length, started.length]).toEqual([
    "ready",
    "cuda",
    8,
    9,
  ]);
  expect([await job(), started.length]).toEqual(["finished", 9]);
});

test("a job opens it at once, and the rest that was begun opens no second one; nor does one that is closed", async () => {
  const first = unopenedHost();
  await first.job();
  first.now.isFull = false;
  expect([await first.job(), first.started.length]).toEqual(["finished", 2]);
  await first.pass();
  expect([first.host.state.state, first.started.length]).toEqual(["ready", 2]);
  const closed = unopenedHost();
  await closed.job();
  await closed.host.close();
  await closed.pass();
  expect(closed.started).toHaveLength(1);
});

/** Engines that say they are ready. So many die when they get a job, the first one when it gets its second, after `before`. */
function idleEngines(deaths: number, before: (tell: (event: EngineEvent) => void, id: TaskId) => void) {
  const posted: EngineCommand["type"][][] = [];
  const open = (): Channel => {
    let tell: (event: EngineEvent) => void = () => undefined;
    let close: (reason: string) => void = () => undefined;
    const own: EngineCommand["type"][] = [];
    const number = posted.push(own);
    return {
      post: (command) => {
        own.push(command.type);
        if (command.type === "start") tell({ type: "ready", device: "cpu", refused: [] });
        if (command.type !== "generate") return;
        const { id } = command;
        queueMicrotask(() => {
          const isItsFirst = own.filter((type) => type === "generate").length === 1;
          if (number > deaths || (number === 1 && isItsFirst))
            return tell({ type: "settled", id, outcome: { status: "finished" } });
          before(tell, id);
          return close("the engine process ended (signal SIGKILL)");
        });
      },
      onEvent: (listener) => {
        tell = listener;
      },
      onClosed: (listener) => {
        close = listener;
      },
      kill: () => undefined,
    };
  };
  const host = new EngineHost(settings, open);
  const job = async (onStart: (id: TaskId) => void = () => undefined) => {
    const command = { type: "generate", id: newTaskId(), recipe: smallRecipe, inputs: [] } as const;
    const events: EngineEvent[] = [];
    const reading = (async () => {
      for await (const event of host.run(command)) events.push(event);
    })();
    onStart(command.id);
    await reading;
    const last = events.at(-1);
    return last?.type === "settled" ? last.outcome.status : undefined;
  };
  return { host, job, posted };
}

test("a job that an engine got which was dead already is given to a new one, with what it was asked for meanwhile", async () => {
  const { host, job, posted } = idleEngines(1, () => undefined);
  expect(await job()).toBe("finished");
  expect(await job((id) => host.control(id, "stop"))).toBe("finished");
  expect(posted).toEqual([
    ["start", "generate", "generate", "control"],
    ["start", "generate", "control"],
  ]);
  expect(host.state.state).toBe("ready");
});

test("a job is given again once, and never after something was heard of its engine", async () => {
  const twice = idleEngines(2, () => undefined);
  expect([await twice.job(), await twice.job(), twice.posted.length]).toEqual(["finished", "failed", 2]);
  const begun = idleEngines(1, (tell, id) =>
    tell({ type: "progress", id, at: { stage: "loading", image: 0 } }),
  );
  expect([await begun.job(), await begun.job(), begun.posted.length]).toEqual(["finished", "failed", 1]);
});
