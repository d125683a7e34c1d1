import { Type } from "@sinclair/typebox";
import { nullable } from "./nullable.ts";

const FoundPicture = Type.Object(
  {
    url: Type.String(),
    thumbnail: Type.String({ description: "A small WebP of it." }),
    width: Type.Integer({ description: "0 where another program made it." }),
    height: Type.Integer(),
  },
  { title: "FoundPicture" },
);

const FoundTask = Type.Object(
  {
    id: Type.Integer({ description: "Row number." }),
    task_id: Type.String({ description: "32 hexadecimal digits; its record is at /tasks/{task_id}." }),
    task_status: Type.String({ description: "finished, stop, skip, failed or running." }),
    in_queue_mills: Type.Integer({ description: "Milliseconds since 1970, as finish_mills." }),
    finish_mills: nullable(Type.Integer()),
    prompt: Type.String(),
    starred: Type.Boolean(),
    pictures: Type.Array(FoundPicture),
    error: Type.Optional(
      Type.Object({ code: Type.String(), message: Type.String() }, { title: "FoundError" }),
    ),
  },
  { title: "FoundTask" },
);

/** What `GET /v1/history` answers. */
export const FoundTasks = Type.Object(
  {
    tasks: Type.Array(FoundTask),
    next: nullable(Type.Integer({ description: "`before` of the next page; null on the last one." })),
  },
  { title: "FoundTasks" },
);

const UsedName = Type.Object({ name: Type.String(), tasks: Type.Integer() }, { title: "UsedName" });

/** What `GET /v1/history/names` answers. */
export const UsedNames = Type.Object(
  { models: Type.Array(UsedName), styles: Type.Array(UsedName) },
  { title: "UsedNames", description: "What requests of the history name, the most used first." },
);

/** What became of a star. */
export const StarAnswer = Type.Object(
  { task_id: Type.String(), starred: Type.Boolean() },
  { title: "StarAnswer" },
);

/** The waiting line. */
export const QueueAnswer = Type.Object(
  {
    pending: Type.Array(Type.String(), { description: "Task ids in their order." }),
    paused: Type.Boolean({ description: "Nothing is started; it survives a restart." }),
  },
  { title: "QueueAnswer" },
);

/** What is to become of the queue: the words of the live channel. */
export const QueueRequest = Type.Object(
  {
    action: Type.String({
      description:
        "pause starts nothing more, resume goes on, move changes the order, clear cancels all that wait.",
    }),
    task_id: Type.Optional(Type.String({ description: "To move: the waiting task." })),
    before: Type.Optional(
      nullable(
        Type.String({ description: "To move: the waiting task it is to be before; null for the end." }),
      ),
    ),
  },
  { title: "QueueRequest" },
);
