import { expect, test } from "bun:test";
import { silentLog } from "#/lib/log.ts";
import type { TaskId } from "#/lib/task-id.ts";
import { Recorder } from "#/tasks/fleet/recorder.ts";

const idOf = (n: number): TaskId => n.toString(16).padStart(32, "0") as TaskId;

/** A head's recorder, and of which ends it asked to be the one. */
function recorderOf(alone: boolean) {
  const asked: string[] = [];
  const nobody = (): never => {
    throw new Error("not asked for");
  };
  const claims = {
    take: async (claim: string) => {
      asked.push(claim);
      return undefined;
    },
    hold: nobody,
  };
  const recorder = new Recorder({
    fleet: { claims, lines: { result: nobody, forget: nobody, ended: nobody } as never },
    history: { find: nobody, keepMaking: nobody, warned: nobody },
    images: { onTheWay: { drop: nobody } as never },
    endings: { settle: nobody },
    events: { addTask: nobody },
    writer: { now: nobody },
    log: silentLog,
    isAlone: () => alone,
  });
  return { recorder, asked };
}

const until = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await Bun.sleep(5);
};

test("an end is first that head's to record that took the task; another one does where it stays away", async () => {
  const { recorder, asked } = recorderOf(false);
  recorder.expect(idOf(1));
  for (const n of [2, 3, 1]) recorder.hear(idOf(n));
  expect(asked).toEqual([`end:${idOf(1)}`]);
  // The end of one is told, by whoever recorded it.
  recorder.over(idOf(2));
  await until(() => asked.length > 1);
  expect(asked).toEqual([`end:${idOf(1)}`, `end:${idOf(3)}`]);
});

test("a head that is alone leaves no end to others", () => {
  const { recorder, asked } = recorderOf(true);
  recorder.hear(idOf(1));
  expect(asked).toEqual([`end:${idOf(1)}`]);
});
