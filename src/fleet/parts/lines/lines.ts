import { Job, type JobJson } from "bullmq";
import { type TaskId, taskIdOf } from "#/lib/task-id.ts";
import type { FleetJob, JobResult, JobState } from "../../jobs.ts";
import {
  type ActiveJob,
  type EndedJob,
  type First,
  type JobPlace,
  type Lease,
  type LineInfo,
  type Lines,
  unordered,
  type WaitingJob,
} from "../../lines.ts";
import type { Connection } from "../../redis/connection.ts";
import type { FleetKeys } from "../../redis/keys.ts";
import { runScript, type Script } from "../../redis/script.ts";
import { wireOf } from "../../wire.ts";
import { RedisLease } from "./lease.ts";
import { lineOf, lineStart, readLine, writeLine } from "./line-info.ts";
import { Queues } from "./queues.ts";
import {
  activeScript,
  dropScript,
  endedScript,
  enterScript,
  findScript,
  firstsScript,
  stopScript,
  sweepScript,
  waitingScript,
} from "./scripts.ts";
import { newRanks, waitingOrder } from "./waiting-order.ts";

const jobs = wireOf<FleetJob>();
const results = wireOf<JobResult>();
const states = wireOf<JobState>();

/** Whose lines they are. */
export type LinesOptions = Readonly<{ member: string; recipeVersion: number; leaseMs: number }>;

/** Ids of jobs that consist of digits are BullMQ's own; a task's may. */
const jobIdOf = (id: TaskId): string => `t${id}`;
const taskOf = (jobId: string): TaskId | undefined => taskIdOf(jobId.slice(1));

/** Milliseconds after which an empty line is dropped. */
const idleFor = 3_600_000;
/** Jobs that are asked about at once. */
const atOnce = 500;

/** The lines as queues of BullMQ. */
export class RedisLines implements Lines {
  readonly #connection: Connection;
  readonly #keys: FleetKeys;
  readonly #options: LinesOptions;
  readonly #queues: Queues;
  readonly #infos = new Map<string, LineInfo>();

  constructor(connection: Connection, keys: FleetKeys, options: LinesOptions) {
    this.#connection = connection;
    this.#keys = keys;
    this.#options = options;
    this.#queues = new Queues(connection, keys, options.leaseMs);
  }

  async add(job: FleetJob): Promise<void> {
    const info = lineOf(job);
    const { lines, used, places } = this.#keys;
    const jobId = jobIdOf(job.id);
    const isNew = await this.#run(
      enterScript,
      [lines, used, places],
      [job.id, jobId, info.name, writeLine(info), Date.now()],
    );
    if (isNew === 0) return;
    const options = { jobId, priority: unordered, timestamp: job.queuedAt };
    await this.#connection.ask(() => this.#queues.get(info.name).add("task", job, options));
  }

  async firsts(can: (line: LineInfo) => boolean): Promise<readonly First[]> {
    return this.#firsts(lineStart(this.#options.recipeVersion), can);
  }

  async fronts(): Promise<readonly First[]> {
    return this.#firsts("", () => true);
  }

  /** @param start how the names of the lines begin */
  async #firsts(start: string, can: (line: LineInfo) => boolean): Promise<readonly First[]> {
    const found = (await this.#run(firstsScript, [this.#keys.lines], [start])) as readonly [
      string,
      string,
      string,
      number,
      string,
      number,
    ][];
    const firsts = found.flatMap(([line, about, jobId, rank, since, waiting]): readonly First[] => {
      const id = taskOf(jobId);
      const info = this.#info(line, about);
      return id === undefined || !can(info) ? [] : [{ id, line, rank, since: Number(since), info, waiting }];
    });
    return firsts.toSorted((a, b) => a.rank - b.rank || a.since - b.since);
  }

  async take(line: string): Promise<Lease | undefined> {
    const { member, leaseMs } = this.#options;
    const token = `${member}/${crypto.randomUUID()}`;
    const queue = this.#queues.get(line);
    const backend = queue.getBackend();
    // A lost answer may have given us a job: it comes again when its lease has run out.
    const taken: readonly unknown[] = await this.#connection.ask(
      () => backend.moveToActive(token, token),
      false,
    );
    const [json, jobId] = taken as readonly [(JobJson | null)?, string?];
    if (json === null || json === undefined || jobId === undefined) return undefined;
    const job: Job<FleetJob> = Job.fromJSON<FleetJob>(queue, json, jobId);
    const stop = await this.#connection.insist((client) =>
      client.hexists(this.#queues.key(line, jobId), "stop"),
    );
    const state = stateOf(job.data, job.progress, stop === 1);
    const connection = this.#connection;
    return new RedisLease({ connection, queues: this.#queues, line, job, jobId, token, leaseMs, state });
  }

  async remove(id: TaskId): Promise<boolean> {
    let tries = 0;
    const dropped = await this.#connection.ask((client) => {
      tries += 1;
      return this.#drop(client, id, "waiting");
    });
    // Nowhere, though it was asked about before: that time it was removed, and the answer was lost.
    return dropped === 1 || (dropped === -1 && tries > 1);
  }

  async order(ids: readonly TaskId[]): Promise<void> {
    const changes = newRanks(ids, await this.waiting());
    for (let i = 0; i < changes.length; i += atOnce) {
      const some = changes.slice(i, i + atOnce);
      await Promise.all(some.map(({ id, line, newRank }) => this.#rank(line, jobIdOf(id), newRank)));
    }
  }

  async waiting(): Promise<readonly WaitingJob[]> {
    const found = (await this.#run(waitingScript, [this.#keys.lines], [])) as readonly [
      string,
      readonly (string | number)[],
    ][];
    return waitingOrder(
      found.map(([line, flat]) =>
        Array.from({ length: flat.length / 3 }, (_, i) => flat.slice(3 * i, 3 * i + 3)).flatMap(
          ([jobId, rank, since]) => {
            const id = taskOf(String(jobId));
            return id === undefined ? [] : [{ id, line, rank: Number(rank), since: Number(since) }];
          },
        ),
      ),
    );
  }

  async active(): Promise<readonly ActiveJob[]> {
    const found = (await this.#run(activeScript, [this.#keys.lines], [])) as readonly (readonly string[])[];
    return found.flatMap(([jobId = "", line = "", token = "", takenAt]) => {
      const id = taskOf(jobId);
      const worker = token.slice(0, Math.max(0, token.lastIndexOf("/")));
      return id === undefined ? [] : [{ id, line, worker, takenAt: Number(takenAt) }];
    });
  }

  async where(id: TaskId): Promise<JobPlace> {
    return (await this.#find(id)).place;
  }

  async find(id: TaskId): Promise<Readonly<{ job: FleetJob; state: JobState }> | undefined> {
    const { data, progress, stop } = await this.#find(id);
    if (data === undefined) return undefined;
    const job = jobs.read(data);
    return { job, state: stateOf(job, states.read(progress === "" ? "0" : (progress ?? "0")), stop === "1") };
  }

  async mark(id: TaskId, { stopping }: Pick<JobState, "stopping">): Promise<boolean> {
    if (!stopping) return false;
    return (await this.#run(stopScript, [this.#keys.places], [id, jobIdOf(id)])) === 1;
  }

  async ended(olderThanMs: number): Promise<readonly EndedJob[]> {
    const until = Date.now() - olderThanMs;
    const found = (await this.#run(
      endedScript,
      [this.#keys.lines],
      [until],
    )) as readonly (readonly string[])[];
    return found.flatMap(([jobId = "", line = "", result = ""]) => {
      const id = taskOf(jobId);
      return id === undefined || result === "" ? [] : [{ id, line, result: results.read(result) }];
    });
  }

  async result(id: TaskId): Promise<JobResult | undefined> {
    const { place, result = "" } = await this.#find(id);
    return place === "ended" && result !== "" ? results.read(result) : undefined;
  }

  async forget(id: TaskId): Promise<void> {
    await this.#connection.ask((client) => this.#drop(client, id, "ended"));
  }

  async recover(): Promise<readonly TaskId[]> {
    // A Redis that was gone let leases run out; their workers, who were as long without it, renew them first.
    if (Date.now() - this.#connection.reachableSince < this.#options.leaseMs) return [];
    const lines = await this.#connection.ask((client) => client.hkeys(this.#keys.lines));
    const stalled = await Promise.all(
      lines.map((line) =>
        this.#connection.ask(() => this.#queues.get(line).getBackend().moveStalledJobsToWait()),
      ),
    );
    await this.#run(sweepScript, [this.#keys.lines, this.#keys.used], [Date.now() - idleFor]);
    return stalled.flat().flatMap((jobId) => taskOf(jobId) ?? []);
  }

  async #rank(line: string, jobId: string, rank: number): Promise<void> {
    const backend = this.#queues.get(line).getBackend();
    await this.#connection.ask(async () => {
      try {
        await backend.changePriority(jobId, rank);
      } catch (thrown) {
        // It was removed meanwhile.
        if (!String(thrown).includes("Missing key")) throw thrown;
      }
    });
  }

  async #find(id: TaskId): Promise<Found> {
    const answer = await this.#run(findScript, [this.#keys.places], [id, jobIdOf(id)]);
    const [place, data, progress, stop, result] = answer as readonly [JobPlace, ...string[]];
    return { place, data, progress, stop, result };
  }

  #drop(client: Connection["client"], id: TaskId, where: "waiting" | "ended"): Promise<unknown> {
    const { prefix, places } = this.#keys;
    return runScript(client, dropScript, [places], [prefix, id, jobIdOf(id), where]);
  }

  /** One whose first argument is the prefix of all keys. */
  #run(script: Script, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    return this.#connection.ask((client) => runScript(client, script, keys, [this.#keys.prefix, ...args]));
  }

  #info(line: string, about: string): LineInfo {
    const known = this.#infos.get(line) ?? readLine(line, about);
    this.#infos.set(line, known);
    return known;
  }
}

type Found = Readonly<{
  place: JobPlace;
  data: string | undefined;
  progress: string | undefined;
  stop: string | undefined;
  result: string | undefined;
}>;

/** The state of a job: as it was kept, or, where nobody began it, as it was accepted. */
function stateOf({ warnings }: FleetJob, kept: unknown, stopping: boolean): JobState {
  const fresh: JobState = { attempts: 0, images: [], warnings, stopping: false };
  const state = typeof kept === "object" && kept !== null ? { ...fresh, ...kept } : fresh;
  return stopping ? { ...state, stopping } : state;
}
