import type { Fleet } from "#/fleet/fleet.ts";
import type { HistoryStore } from "#/stores/history.ts";
import type { ImageStore } from "#/stores/images.ts";
import type { OpenRunner } from "../life-cycle/runner.ts";
import type { FleetEvents } from "./fleet-events.ts";
import type { FleetMembers } from "./fleet-members.ts";
import type { FleetQuestions } from "./fleet-questions.ts";
import { FleetRunner } from "./fleet-runner.ts";
import { FleetTasks } from "./fleet-tasks.ts";
import type { HeadCounts } from "./head-counts.ts";
import { HouseKeeping } from "./house-keeping.ts";
import type { JobParts } from "./job-of.ts";
import { LineNews } from "./line-news.ts";
import { LogFollower } from "./log-follower.ts";
import { Poster } from "./poster.ts";
import { Recorder } from "./recorder.ts";

/** What a head has beside what every runner is given. */
export type HeadParts = JobParts &
  Readonly<{
    fleet: Fleet;
    events: FleetEvents;
    counts: HeadCounts;
    history: HistoryStore;
    images: Pick<ImageStore, "onTheWay">;
    members: FleetMembers;
    questions: Pick<FleetQuestions, "close">;
    /** This head keeps house for the fleet from now on, or does no more. */
    leads: (leads: boolean) => void;
  }>;

/** Opens what gives tasks to a fleet, in the place of what has engines itself. */
export const fleetRunner =
  (head: HeadParts): OpenRunner =>
  async ({ endings, writer, log, now }) => {
    const { fleet, events, members } = head;
    const parts = { ...head, endings, writer, log, now };
    const tasks = new FleetTasks();
    members.follow(tasks);
    const news = new LineNews(events, tasks);
    const recorder = new Recorder({ ...parts, isAlone: () => members.heads < 2 });
    const poster = new Poster({ ...parts, ring: (job) => members.ring(job, tasks.places) });
    const houseKeeping = new HouseKeeping({ ...parts, poster, recorder });
    const follower = new LogFollower(
      {
        ...parts,
        fleetLog: fleet.log,
        tasks,
        recorder,
        news,
        saved: (id) => {
          // One head is enough, and this is for a Redis that forgets: a picture that is there is not made again.
          if (houseKeeping.leads) void writer.keep(id, () => head.history.imageSaved(id, tasks.imagesOf(id)));
        },
        know: (id) => runner.know(id),
        compare: () => runner.compare(),
        compareLater: () => runner.compareLater(),
        memberChanged: (told) => members.hear(told),
        moved: () => members.moved(),
      },
      events.start,
    );
    const runner = new FleetRunner({ ...parts, tasks, poster, recorder, follower, houseKeeping, news });
    return runner;
  };
