import { Type } from "@sinclair/typebox";
import { nullable } from "./nullable.ts";

const milliseconds = Type.Integer();
const addresses = Type.Array(Type.String());

/** Why a task failed. */
const TaskError = Type.Object({ code: Type.String(), message: Type.String() }, { title: "TaskError" });

/** A finished picture and what it was really made with, after what the performance mode replaces. */
const RecordPicture = Type.Object(
  {
    url: Type.String(),
    seed: nullable(Type.Integer({ description: "Its own; null for a grid." })),
    width: Type.Integer(),
    height: Type.Integer(),
    steps: Type.Optional(nullable(Type.Integer())),
    guidance_scale: Type.Optional(nullable(Type.Number())),
    sharpness: Type.Optional(nullable(Type.Number())),
    sampler_name: Type.Optional(nullable(Type.String())),
    scheduler_name: Type.Optional(nullable(Type.String())),
    network_runs: Type.Optional(
      Type.Integer({ description: "Runs of denoising networks; with cache or cfg_until only." }),
    ),
    network_runs_saved: Type.Optional(
      Type.Integer({ description: "Runs that there would have been without these; with them only." }),
    ),
  },
  { title: "RecordPicture" },
);

/** One task as JSON; a running one carries its newest preview, a failed one its reason. */
export const TaskRecord = Type.Object(
  {
    id: Type.Integer({ description: "Row number; -1 in an acknowledgement." }),
    task_id: Type.String({ description: "32 hexadecimal digits." }),
    req_params: Type.Record(Type.String(), Type.Unknown(), {
      description: "The request as it was understood, every field filled; empty in an acknowledgement.",
    }),
    in_queue_mills: nullable(milliseconds),
    start_mills: nullable(milliseconds),
    finish_mills: nullable(milliseconds),
    task_status: nullable(
      Type.String({ description: "pending, running, finished, stop, skip, failed or cancelled." }),
    ),
    progress: nullable(Type.Number({ description: "0 to 100." })),
    preview: Type.Optional(nullable(Type.String({ description: "PNG in base64; of a running task only." }))),
    webhook_url: nullable(Type.String()),
    result: nullable(addresses),
    pictures: Type.Optional(
      Type.Array(RecordPicture, { description: "The finished pictures, with what each was made with." }),
    ),
    error: Type.Optional(TaskError),
    warnings: Type.Optional(
      Type.Array(Type.String(), {
        description: "What is otherwise about the pictures than may be expected.",
      }),
    ),
    base64: Type.Optional(
      Type.Array(nullable(Type.String()), {
        description:
          "With require_base64: the pictures of `result` as data URIs, of a settled task asked for alone.",
      }),
    ),
  },
  { title: "TaskRecord" },
);

/** What `GET /tasks` answers, always with all three lists. */
export const TaskLists = Type.Object(
  {
    history: Type.Array(TaskRecord),
    current: Type.Array(TaskRecord, { maxItems: 1 }),
    pending: Type.Array(TaskRecord),
  },
  { title: "TaskLists" },
);

export const AllModelNamesResponse = Type.Object(
  { model_filenames: Type.Array(Type.String()), lora_filenames: Type.Array(Type.String()) },
  { title: "AllModelNamesResponse", description: "Checkpoints and LoRAs, relative to their folders." },
);

const ModeChoice = Type.Object(
  {
    steps: Type.Integer({ description: "Steps, unless overwrite_step says otherwise." }),
    sets: Type.Object({}, { description: "Fields that it decides whatever a request says." }),
    lacks: nullable(Type.String({ description: "Why it would be refused now." })),
  },
  { title: "ModeChoice" },
);

export const ChoicesAnswer = Type.Object(
  {
    fields: Type.Record(Type.String(), Type.Array(Type.String()), {
      description: "By field, what it may be: names as they are there now; for sizes, those to offer.",
    }),
    defaults: Type.Object({}, { description: "What a request means that says nothing else, by field." }),
    performances: Type.Record(Type.String(), ModeChoice),
    presets: Type.Record(Type.String(), nullable(Type.String()), {
      description: "By preset, why it would be refused now; null if it would not.",
    }),
  },
  {
    title: "ChoicesAnswer",
    description: "What a request may say here, and what it means where it does not.",
  },
);

/** One of the engines that make pictures. */
export const EngineAnswer = Type.Object(
  {
    name: Type.String({
      description: "As the setting engines says it, numbered where several are the same.",
    }),
    state: Type.String({ description: "starting, ready, busy, failed or restarting." }),
    device: nullable(
      Type.String({ description: "cuda, webgpu or cpu; null until the engine has said which." }),
    ),
    refused: Type.Array(Type.Object({ device: Type.String(), reason: Type.String() }), {
      description: "Devices that were preferred to this one, and why it is none of them.",
    }),
    loaded: Type.Array(Type.Object({ name: Type.String(), bytes: Type.Integer() }), {
      description: "Networks that are open, and the bytes of their weights.",
    }),
    task_id: nullable(Type.String({ description: "The task that runs on it." })),
  },
  { title: "EngineAnswer" },
);

/** What became of a stop or skip. */
export const ControlAnswer = Type.Object(
  { message: Type.String(), task_id: Type.Optional(nullable(Type.String())) },
  { title: "ControlAnswer" },
);

/** What a deletion took away. */
export const RemovedAnswer = Type.Object(
  {
    tasks: Type.Integer({ description: "Tasks that are gone." }),
    images: Type.Integer({ description: "Picture files that are gone." }),
  },
  { title: "RemovedAnswer" },
);

/** What really became of a cancellation. */
export const CancelAnswer = Type.Object(
  {
    task_id: Type.String(),
    outcome: Type.String({ description: "cancelled_pending, stopping or already_settled." }),
  },
  { title: "CancelAnswer" },
);

const ValidationError = Type.Object(
  {
    loc: Type.Array(Type.Union([Type.String(), Type.Integer()])),
    msg: Type.String(),
    type: Type.String(),
  },
  { title: "ValidationError" },
);

/** Why a request was not done, in a sentence. */
export const ErrorAnswer = Type.Object({ detail: Type.String() }, { title: "ErrorAnswer" });

/** Every problem of a request at once. */
export const HTTPValidationError = Type.Object(
  { detail: Type.Optional(Type.Array(ValidationError)) },
  { title: "HTTPValidationError" },
);
