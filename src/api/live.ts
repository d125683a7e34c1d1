import { type Static, type TSchema, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { HugeNumber, isJsonObject, type Json, JsonSyntaxError, parseJson } from "./json.ts";

/** What a client may put beside any message, to know the reply by. */
type Echo = string | number | bigint | null;

/** A message of the live channel that is not what it should be; names the field. */
export class BadMessage extends Error {
  readonly field: string | null;
  readonly id: Echo;

  constructor(message: string, field: string | null, id: Echo) {
    super(message);
    this.field = field;
    this.id = id;
  }
}

/** Ids in one message. */
const mostTasks = 1000;

// A description is what the error says that the field takes.
const taskId = Type.String({
  pattern: "^[0-9a-f]{32}$",
  description: "a task's id: 32 lower-case hex digits",
});
const tasks = Type.Union([Type.Literal("all"), Type.Array(taskId, { maxItems: mostTasks })], {
  description: `"all", or a list of at most ${mostTasks} task ids`,
});
const previews = Type.Boolean({ description: "true or false" });

const oneOf = <const T extends string>(...words: readonly T[]) =>
  Type.Unsafe<T>({
    ...Type.Union(words.map((word) => Type.Literal(word))),
    description: words.map((word) => JSON.stringify(word)).join(" or "),
  });

const move = { type: Type.Literal("queue"), action: Type.Literal("move") };

/** What clients may say, by `type`; moving in the queue says more than pausing it. */
const schemas = {
  auth: Type.Object({ type: Type.Literal("auth"), key: Type.String({ description: "a text" }) }),
  generate: Type.Object({
    type: Type.Literal("generate"),
    request: Type.Record(Type.String(), Type.Unknown(), {
      description: "an object, the body of POST /v1/engine/generate/",
    }),
    label: Type.Optional(Type.String({ maxLength: 500, description: "a text of at most 500 characters" })),
    previews: Type.Optional(previews),
    idempotency_key: Type.Optional(
      Type.String({
        pattern: "^[ -~]{1,255}$",
        description: "1 to 255 characters of printable ASCII, best a UUID",
      }),
    ),
  }),
  subscribe: Type.Object({
    type: Type.Literal("subscribe"),
    tasks,
    since: Type.Optional(Type.Integer({ minimum: 0, description: "a whole number from 0" })),
    previews: Type.Optional(previews),
  }),
  unsubscribe: Type.Object({ type: Type.Literal("unsubscribe"), tasks }),
  control: Type.Object({
    type: Type.Literal("control"),
    task_id: taskId,
    action: oneOf("stop", "skip", "cancel"),
  }),
  queue: Type.Object({ type: Type.Literal("queue"), action: oneOf("pause", "resume", "move", "clear") }),
  move: Type.Object({
    ...move,
    task_id: taskId,
    before: Type.Optional(
      Type.Union([taskId, Type.Null()], { description: "a task's id, or null for the end" }),
    ),
  }),
  status: Type.Object({ type: Type.Literal("status") }),
  ping: Type.Object({ type: Type.Literal("ping") }),
} as const satisfies Record<string, TSchema>;

type Schemas = typeof schemas;
type Spoken = { [Name in keyof Schemas]: Static<Schemas[Name]> };
type Pausing = Omit<Spoken["queue"], "action"> & { action: "pause" | "resume" | "clear" };

/** A client's message, checked. */
export type LiveMessage = Readonly<(Spoken[Exclude<keyof Schemas, "queue">] | Pausing) & { id: Echo }>;

const types = Object.keys(schemas).filter((name): name is keyof Schemas => name !== "move");
const longestId = 200;

/**
 * A text of the live channel as a message. Whole numbers keep their digits: a request holds seeds.
 *
 * @throws BadMessage with the field and what it takes
 */
export function readLiveMessage(text: string): LiveMessage {
  const value = jsonOf(text);
  if (!isJsonObject(value)) throw new BadMessage("A message is a JSON object with a type.", null, null);
  const id = echoOf(value["id"]);
  const type = types.find((name) => name === value["type"]);
  if (type === undefined) {
    const known = types.join(", ");
    throw new BadMessage(`type takes one of ${known}; not ${shown(value["type"])}.`, "type", id);
  }
  const schema = type === "queue" && value["action"] === "move" ? schemas.move : schemas[type];
  const problem = Value.Errors(schema, value).First();
  if (problem !== undefined) throw badField(problem.path, problem.schema, problem.value, id);
  return { ...(value as unknown as LiveMessage), id };
}

function jsonOf(text: string): Json {
  try {
    return parseJson(text);
  } catch (thrown) {
    if (thrown instanceof HugeNumber) throw new BadMessage(`${thrown.message}.`, null, null);
    if (!(thrown instanceof JsonSyntaxError)) throw thrown;
    const message = `This is not JSON: ${thrown.message} (character ${thrown.offset}).`;
    throw new BadMessage(message, null, null);
  }
}

function echoOf(id: Json | undefined): Echo {
  if (id === undefined || id === null || typeof id === "number" || typeof id === "bigint") return id ?? null;
  if (typeof id === "string" && id.length <= longestId) return id;
  throw new BadMessage(`id takes a number, or a text of at most ${longestId} characters.`, "id", null);
}

function badField(path: string, schema: TSchema, value: unknown, id: Echo): BadMessage {
  const field = path.slice(1).replaceAll("/", ".");
  const found = value === undefined ? "it is missing" : `not ${shown(value)}`;
  return new BadMessage(`${field} takes ${schema.description ?? "something else"}; ${found}.`, field, id);
}

const shown = (value: unknown): string => {
  const text = JSON.stringify(value, (_key, item: unknown) => (typeof item === "bigint" ? `${item}` : item));
  return text === undefined ? "nothing" : text.length > 100 ? `${text.slice(0, 100)} ...` : text;
};
