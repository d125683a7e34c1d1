import { Type } from "@sinclair/typebox";
import { nullable } from "./nullable.ts";

const milliseconds = (description: string) =>
  Type.Integer({ description: `${description}, milliseconds since 1970.` });
const counts = (words: readonly string[], title: string) =>
  Type.Object(Object.fromEntries(words.map((word) => [word, Type.Integer()])), { title });

const FleetEngine = Type.Object(
  {
    name: Type.String(),
    device: nullable(
      Type.String({ description: "cuda, webgpu or cpu; null until the engine has said which." }),
    ),
    state: Type.String({ description: "starting, ready, busy, failed or restarting." }),
    task_id: nullable(Type.String({ description: "The task that runs on it." })),
    checkpoint: nullable(Type.String({ description: "The checkpoint that it had last." })),
  },
  { title: "FleetEngine" },
);

/** A head or a worker of a fleet. */
const FleetMember = Type.Object(
  {
    id: Type.String({
      description: "As the setting member_name says it, or the machine's name and a random end.",
    }),
    role: Type.String({ description: "head or worker." }),
    host: Type.String(),
    version: Type.String(),
    state: Type.String({ description: "ready, paused, draining, or lost: gone without a word." }),
    since: milliseconds("When it began"),
    lost_at: nullable(milliseconds("When it was found to be gone")),
    leads: Type.Boolean({ description: "Whether it is the head that keeps house for all." }),
    engines: Type.Array(FleetEngine, { description: "Of a worker." }),
    rates: Type.Record(Type.String(), Type.Unknown(), {
      description:
        "Of a worker: tasks and pictures since its start; tasks_per_hour, pictures_per_hour and busy (engines at work, on average) over five minutes.",
    }),
  },
  { title: "FleetMember" },
);

const FleetLine = Type.Object(
  {
    tasks: Type.Integer({ description: "How many wait that need these files." }),
    since: milliseconds("When the first of them was queued"),
    checkpoint: Type.String(),
    needs: Type.Array(
      Type.Object(
        { kind: Type.String(), name: Type.String(), bytes: Type.Integer() },
        { title: "FleetFile" },
      ),
    ),
    why: nullable(Type.String({ description: "Why nobody takes them; null where somebody can." })),
  },
  { title: "FleetLine" },
);

/** What `GET /v1/fleet` answers. */
export const FleetAnswer = Type.Object(
  {
    heads: Type.Integer(),
    workers: counts(["ready", "busy", "paused", "draining", "lost"], "FleetWorkers"),
    engines: counts(["starting", "ready", "busy", "failed", "restarting"], "FleetEngines"),
    paused: Type.Boolean({ description: "Whether all tasks are kept waiting, as POST /v1/queue does it." }),
    members: Type.Array(FleetMember),
    waiting: Type.Array(FleetLine),
  },
  { title: "FleetAnswer" },
);

/** What a worker was told. */
export const FleetSteered = Type.Object(
  { id: Type.String(), action: Type.String() },
  { title: "FleetSteered" },
);
