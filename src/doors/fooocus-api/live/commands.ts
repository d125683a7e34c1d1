import { CommonRequest, type GenerateRequest } from "#/api/generate.ts";
import { InvalidRequest } from "#/api/issues.ts";
import type { Json, JsonObject } from "#/api/json.ts";
import { BadMessage, type LiveMessage } from "#/api/live.ts";
import { readBody } from "#/api/read.ts";
import { unknownKeysWarning } from "#/api/unknown-keys.ts";
import { clientSentence } from "#/lib/client-sentence.ts";
import { AppError, type ErrorCode, toWireError } from "#/lib/errors.ts";
import type { Log } from "#/lib/log.ts";
import { type TaskId, taskIdOf } from "#/lib/task-id.ts";
import { version } from "#/lib/version.ts";
import { type Addresses, eventFor, keptRequest, taskFor } from "#/routes/answers/addresses.ts";
import { keyFits } from "#/routes/http/auth.ts";
import { requestKey } from "#/routes/http/idempotency-key.ts";
import type { LiveEvent } from "#/tasks/life-cycle/events.ts";
import type { Task } from "#/tasks/life-cycle/task.ts";
import type { TaskReader } from "#/tasks/life-cycle/task-reader.ts";
import type { Tasks } from "#/tasks/life-cycle/tasks.ts";
import { generatePath } from "../generate-path.ts";
import { otherNames } from "../other-names.ts";
import { taskRecord } from "../record.ts";
import { steerQueue } from "../steer-queue.ts";
import type { Hub } from "./hub.ts";
import { closeCodes } from "./limits.ts";
import type { Peer } from "./peer.ts";
import type { Chosen } from "./subscription.ts";
import { wireEngine, wireEngines } from "./wire-event.ts";

export type LiveServices = Readonly<{
  tasks: Tasks;
  hub: Hub;
  keys: readonly string[];
  log: Log;
  /** As this connection is given them. */
  addresses: Addresses;
  /** Of the request that opened it. */
  requestId: string | undefined;
}>;

type Of<Type extends LiveMessage["type"]> = Extract<LiveMessage, { type: Type }>;
type Reply = Readonly<{ id?: LiveMessage["id"] }>;

/** Does what a message asks for, and says so. What it throws is the reply: {@link refusalOf}. */
export async function obey(message: LiveMessage, peer: Peer, services: LiveServices): Promise<void> {
  const { tasks } = services;
  const echo = echoOf(message);
  switch (message.type) {
    case "auth":
      return authenticate(message, peer, services);
    case "generate":
      return await generate(message, peer, services);
    case "subscribe":
      return await subscribe(message, peer, services);
    case "unsubscribe":
      peer.subscription.remove(chosenOf(message.tasks));
      return peer.reply({ type: "unsubscribed", ...echo, tasks: message.tasks });
    case "control": {
      const { task_id, action } = message;
      const target = taskIdOf(task_id);
      const outcome = target === undefined ? "unknown_task" : await tasks.control(target, action);
      return peer.reply({ type: "controlled", ...echo, task_id, action, outcome });
    }
    case "queue":
      await steerQueue(message, tasks);
      return peer.reply({ type: "queue", ...echo, ...tasks.queue });
    case "status": {
      const current = tasks.current();
      const record = current === undefined ? null : await taskRecord(taskFor(current, services.addresses));
      const engine = { ...wireEngine(tasks.engineState()), ...wireEngines(tasks.engines()) };
      return peer.reply({ type: "status", ...echo, engine, queue: { ...tasks.queue }, current: record });
    }
    case "ping":
      return peer.reply({ type: "pong", ...echo });
  }
}

/** What a client is told that comes, or has just said the key. */
export function greet(peer: Peer, tasks: Pick<TaskReader, "engineState" | "seq">, echo: Reply = {}): void {
  const { device } = tasks.engineState();
  peer.reply({ type: "hello", ...echo, version, device, seq: tasks.seq });
}

/** Why a message was not obeyed, with the field that is to blame; what nobody expected is logged. */
export function refusalOf(thrown: unknown, message: LiveMessage | undefined, log: Log): JsonObject {
  const type = "error";
  if (thrown instanceof BadMessage)
    return { type, id: thrown.id, code: "bad-message", field: thrown.field, message: thrown.message };
  const id = message?.id ?? null;
  if (thrown instanceof InvalidRequest) {
    const issues = thrown.issues.map(
      ({ loc, msg }): Json => ({ field: inRequest(loc.slice(1)), message: msg }),
    );
    const [first] = thrown.issues;
    const field = inRequest(first?.loc.slice(1) ?? []);
    return { type, id, code: "bad-message", field, message: first?.msg ?? thrown.message, issues };
  }
  if (thrown instanceof AppError && thrown.code !== "bug") {
    const { field } = thrown.details;
    const own = typeof field === "string" ? [field] : [];
    const inMessage = message?.type === "generate" ? inRequest(own) : (own[0] ?? null);
    const blamed = keyCodes.includes(thrown.code) ? "idempotency_key" : inMessage;
    const said = clientSentence(toWireError(thrown));
    if (said !== thrown.message) log.warn("a live message was refused", { error: thrown.message });
    return { type, id, code: thrown.code, field: blamed, message: said };
  }
  log.error("a live message failed unexpectedly", {
    error: thrown instanceof Error ? thrown.stack : String(thrown),
  });
  return { type, id, code: "bug", field: null, message: "The server failed at this; its log says how." };
}

/** What is wrong with a message because of its key alone. */
const keyCodes: readonly ErrorCode[] = ["malformed-key", "reused-key", "gone"];

const inRequest = (path: readonly (string | number)[]): string => ["request", ...path].join(".");

/** A reply says the id of its message, if it had one. */
const echoOf = ({ id }: LiveMessage): Reply => (id === null ? {} : { id });

function authenticate({ key, ...message }: Of<"auth">, peer: Peer, { tasks, keys }: LiveServices): void {
  if (keys.length > 0 && !keyFits(keys, key)) return peer.close(closeCodes.noKey, "this is not a key");
  // Who was greeted before needs to know only that it is well.
  if (!peer.locked) return peer.reply({ type: "authenticated", ...echoOf({ key, ...message }) });
  peer.unlock();
  greet(peer, tasks, echoOf({ key, ...message }));
}

/** The task goes on whatever becomes of the connection. */
async function generate(message: Of<"generate">, peer: Peer, services: LiveServices): Promise<void> {
  const { tasks, hub, addresses } = services;
  // The reader checked every key that is present against this very schema.
  const said = readBody(CommonRequest, message.request as JsonObject) as GenerateRequest;
  const request = keptRequest(said, addresses);
  const { label, previews = false } = message;
  const unknown = unknownKeysWarning(CommonRequest, message.request as JsonObject, otherNames);
  const body = message.request as JsonObject;
  const asked = { path: generatePath, single: false, body };
  const key = message.idempotency_key === undefined ? undefined : requestKey(message.idempotency_key, asked);
  const { task, isReplay } = await tasks.submitOnce(request, key, {
    ...(label === undefined ? {} : { label }),
    ...(unknown === undefined ? {} : { warnings: [unknown] }),
    requestId: services.requestId,
  });
  if (peer.closed) return;
  const { id, state } = task;
  const position = state.status === "pending" ? state.position : 0;
  peer.reply({
    type: "accepted",
    ...echoOf(message),
    task_id: id,
    position,
    ...(isReplay ? { replayed: true } : {}),
  });
  const subscribed = (): void => peer.subscription.add([id], previews);
  if (peer.subscription.wants(id)) return previews ? subscribed() : undefined;
  await tasks.backlog([id], 0, (events) => {
    subscribed();
    return peer.catchUp(missed(events, addresses), hub.isCurrent);
  });
}

/** Says so first, then what was missed, then what happens: all in one go, so that nothing falls between. */
async function subscribe(message: Of<"subscribe">, peer: Peer, services: LiveServices): Promise<void> {
  const { tasks, hub, addresses } = services;
  const { previews = false } = message;
  const chosen = chosenOf(message.tasks);
  const there = chosen === "all" ? [] : await thereOf(chosen, tasks);
  const { seq } = tasks;
  // Of tasks named for themselves the whole story is wanted, of everything what happens from now on.
  const since = message.since ?? (chosen === "all" ? seq : 0);
  const known = chosen === "all" ? chosen : there.map(({ id }) => id);
  const begin = (): void => {
    const going = there.filter(({ state }) => state.status !== "settled").map(({ id }) => id);
    peer.subscription.add(chosen === "all" ? chosen : going, previews);
    const unknown =
      message.tasks === "all" ? [] : message.tasks.filter((id) => !there.some((one) => one.id === id));
    peer.reply({ type: "subscribed", ...echoOf(message), tasks: known, unknown, since, previews });
  };
  // A number this server never gave comes from another history: everything is told.
  const from = since > seq ? 0 : since;
  if (from >= seq) return begin();
  await tasks.backlog(known, from, (events) => {
    begin();
    return peer.catchUp(missed(events, addresses), hub.isCurrent);
  });
}

async function thereOf(ids: readonly TaskId[], tasks: Pick<TaskReader, "find">): Promise<readonly Task[]> {
  const found = await Promise.all(ids.map((id) => tasks.find(id)));
  return found.filter((task) => task !== undefined);
}

/** A text that is no task's id is no task. */
const chosenOf = (tasks: "all" | readonly string[]): Chosen =>
  tasks === "all" ? tasks : tasks.flatMap((text) => taskIdOf(text) ?? []);

const missed = (events: readonly LiveEvent[], addresses: Addresses): readonly LiveEvent[] =>
  events.map((event) => eventFor(event, addresses));
