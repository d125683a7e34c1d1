import { expect, test } from "bun:test";
import { eventStream } from "#/doors/fooocus-api/event-stream.ts";
import { taskIdOf } from "#/lib/task-id.ts";
import type { LiveEvent } from "#/tasks/life-cycle/events.ts";
import type { TaskMoment } from "#/tasks/life-cycle/task.ts";

const taskId = taskIdOf("0123456789abcdef0123456789abcdef")!;

const progress = (moment: TaskMoment, seq: number): LiveEvent => ({
  seq,
  at: 0,
  taskId,
  type: "progress",
  percent: 4,
  moment,
  stage: "encoding",
  image: 0,
  images: 1,
  step: 0,
  steps: 4,
  preview: null,
  etaMs: null,
});

test("parts of a long text are not told to who knows the reference's words alone", async () => {
  async function* events(): AsyncGenerator<LiveEvent> {
    const moments: readonly TaskMoment[] = [
      { now: "expansion" },
      { now: "part", of: 70, texts: "expansion" },
      { now: "positive" },
      { now: "part", of: 3, texts: "positive" },
      { now: "sampling" },
    ];
    // Slower than the stream's pace, so that nothing gives way to what is newer.
    for (const [seq, moment] of moments.entries()) {
      yield progress(moment, seq);
      await Bun.sleep(220);
    }
  }
  const text = await eventStream(events()).text();
  const messages = [...text.matchAll(/"message": "([^"]*)"/g)].map(([, message]) => message);
  expect(messages).toEqual([
    "Preparing Fooocus text #1 ...",
    "Encoding positive #1 ...",
    "Moving model to GPU ...",
  ]);
});
