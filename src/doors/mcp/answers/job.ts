import { type Static, Type } from "@sinclair/typebox";
import { formatNames } from "#/image/encode.ts";
import { type Addresses, taskFor } from "#/routes/answers/addresses.ts";
import { keptImageOf } from "#/stores/images.ts";
import type { Task, TaskImage } from "#/tasks/life-cycle/task.ts";
import { ownSentenceOf } from "../../fooocus-api/sentence.ts";
import { namesOfTool } from "../arguments/names-of-tool.ts";
import { inOwnWords } from "../arguments/own-names.ts";
import { doorName, toolOf } from "../names.ts";

const Picture = Type.Object({
  uri: Type.String({ description: "Where the file is; resources/read takes it, and edit as its image." }),
  mime_type: Type.String(),
  width: Type.Integer(),
  height: Type.Integer(),
  seed: Type.String({ description: "Digits; empty where no noise was drawn." }),
});

/** What is told of a job: the structured result of every tool that has to do with one. */
export const Job = Type.Object(
  {
    job_id: Type.String({ description: "For job_status and cancel_job." }),
    status: Type.Unsafe<string>({
      type: "string",
      enum: ["waiting", "running", "finished", "skipped", "stopped", "cancelled", "failed"],
      description: "stopped: ended while it was made; cancelled: before.",
    }),
    progress: Type.Number({ description: "0 to 100." }),
    message: Type.String(),
    position: Type.Integer({ description: "Of a waiting one: its place in the queue, from 1." }),
    pictures: Type.Array(Picture),
    warnings: Type.Array(Type.String(), {
      description: "What is otherwise about the pictures than was asked for.",
    }),
    error: Type.Object({ code: Type.String(), message: Type.String() }),
  },
  { requiredKeys: ["job_id", "status", "progress", "message", "pictures", "warnings"] },
);
export type Job = Omit<Static<typeof Job>, "position" | "error"> &
  Partial<Pick<Static<typeof Job>, "position" | "error">>;

/** A task as a client of this door is told of it; one that came by this door in the names of the tool that made it. */
export function jobOf(kept: Task, addresses: Addresses): Job {
  const { id, state, warnings, door } = taskFor(kept, addresses);
  const tool = door.name === doorName ? toolOf(door.word) : undefined;
  const told = (text: string): string => (tool === undefined ? text : inOwnWords(text, namesOfTool[tool]));
  const pictures = state.status === "pending" ? [] : state.images.map(pictureOf);
  const known = { job_id: id, pictures, warnings: warnings.map(told) };
  switch (state.status) {
    case "pending":
      return {
        ...known,
        status: "waiting",
        progress: 0,
        message: waiting(state.position),
        position: state.position,
      };
    case "running":
      return {
        ...known,
        status: "running",
        progress: state.progress.percent,
        message: ownSentenceOf(state.progress),
      };
    case "settled": {
      const { outcome, percent, error } = state;
      const why = error === null ? undefined : { code: error.code, message: told(error.message) };
      return {
        ...known,
        status: outcome,
        progress: percent,
        message: why?.message ?? endings[outcome](pictures.length),
        ...(why && { error: why }),
      };
    }
  }
}

/** What is told of a job that has not begun. */
export const waiting = (position: number): string => `It waits at place ${position} of the queue.`;

const counted = (pictures: number): string => (pictures === 1 ? "1 picture" : `${pictures} pictures`);

const endings = {
  finished: (pictures: number) => `Finished: ${counted(pictures)}.`,
  skipped: (pictures: number) => `Finished: ${counted(pictures)}; some were skipped.`,
  stopped: (pictures: number) => `It was stopped: ${counted(pictures)}.`,
  cancelled: () => "It was cancelled before it began.",
  failed: () => "It failed.",
} as const;

const pictureOf = ({ url, width, height, seed }: TaskImage): Job["pictures"][number] => ({
  uri: url,
  mime_type: mimeTypeOf(url),
  width,
  height,
  seed,
});

/** The kind of a file of ours, by the end of its name. */
export const mimeTypeOf = (name: string): string =>
  `image/${formatNames[name.replace(/^.*\./, "").toLowerCase()] ?? "png"}`;

/** The name of a picture's file. */
export const fileNameOf = (uri: string): string => keptImageOf(uri)?.name ?? uri;
