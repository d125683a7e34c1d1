import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { jsonAnswer, queryParameter } from "#/api/openapi.ts";
import { readQueries } from "#/api/read.ts";
import { lastPreviews } from "#/routes/answers/last-previews.ts";
import type { DoorParts } from "#/routes/door.ts";
import { jsonReply } from "#/routes/http/replies.ts";
import type { Progress, Task } from "#/tasks/life-cycle/task.ts";
import { ProgressAnswer } from "./api/answers.ts";
import { timestamp } from "./info.ts";
import { doorName } from "./name.ts";

type Parts = Pick<DoorParts, "tasks">;

const query = {
  skip_current_image: Type.Boolean({ default: false, description: "Leaves the preview out." }),
};

const idle = {
  skipped: false,
  interrupted: false,
  stopping_generation: false,
  job: "",
  job_count: 0,
  job_timestamp: "0",
  job_no: 0,
  sampling_step: 0,
  sampling_steps: 0,
} as const;

/**
 * What runs, and how it is ended. As in A1111 there is one thing that runs: of several tasks the one that came in by this door
 * and was started first, else that of another door, so that a server that is busy never looks idle. Only tasks of this door are
 * ended here.
 */
export const progressRoutes = ({ tasks }: Parts) => {
  const previewOf = lastPreviews(tasks);
  const isOwn = ({ door }: Task): boolean => door.name === doorName;
  const own = (): Task | undefined => tasks.running().find(isOwn);
  const shown = (): Task | undefined => own() ?? tasks.current() ?? tasks.pending().find(isOwn);
  const end = async (action: "stop" | "skip"): Promise<void> => {
    // A client that gives up while it waits for its turn wants no picture either.
    const task = own() ?? (action === "stop" ? tasks.pending().find(isOwn) : undefined);
    if (task !== undefined) await tasks.control(task.id, action);
  };
  return new Elysia({ name: "doors/a1111/progress", prefix: "/sdapi/v1" })
    .get(
      "/progress",
      async ({ request }): Promise<Response> => {
        const { skip_current_image } = readQueries(query, new URL(request.url).searchParams);
        const task = shown();
        if (task === undefined) return jsonReply(resting);
        const preview = skip_current_image ? null : previewOf(task.id);
        const png = (await preview?.png())?.toBase64() ?? null;
        return jsonReply({ ...progressOf(task), current_image: png, current_task: task.id });
      },
      {
        detail: {
          tags: ["A1111"],
          operationId: "a1111_progress",
          summary: "What runs, and its preview",
          parameters: [queryParameter("skip_current_image", query.skip_current_image)],
          responses: { 200: jsonAnswer(ProgressAnswer) },
        },
      },
    )
    .post(
      "/interrupt",
      async () => (await end("stop"), jsonReply({})),
      ending("interrupt", "End the running task"),
    )
    .post(
      "/skip",
      async () => (await end("skip"), jsonReply(null)),
      ending("skip", "Leave out the picture that is made now"),
    );
};

const ending = (name: string, summary: string) => ({
  parse: "none" as const,
  detail: { tags: ["A1111"], operationId: `a1111_${name}`, summary },
});

const resting = {
  progress: 0,
  eta_relative: 0,
  state: idle,
  current_image: null,
  textinfo: null,
  current_task: null,
} as const;

function progressOf({ state, door, queuedAt }: Task) {
  const job = door.name === doorName ? `scripts_${door.word}` : door.name;
  const waiting = { ...resting, state: { ...idle, job, job_count: 1, job_timestamp: timestamp(queuedAt) } };
  if (state.status !== "running") return { ...waiting, textinfo: "Waiting" };
  const { progress, startedAt } = state;
  const share = Math.min(1, Math.max(0.01, progress.percent / 100));
  const taken = (Date.now() - startedAt) / 1000;
  return {
    ...waiting,
    progress: share,
    eta_relative: Math.max(0, taken / share - taken),
    state: { ...waiting.state, job_timestamp: timestamp(startedAt), ...stepsOf(progress) },
  };
}

const stepsOf = ({ image, images, step, steps }: Progress) => ({
  job_count: Math.max(1, images),
  job_no: image,
  sampling_step: step,
  sampling_steps: steps,
});
