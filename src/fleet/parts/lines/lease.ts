import type { Job } from "bullmq";
import type { FleetJob, JobResult, JobState } from "../../jobs.ts";
import type { Lease } from "../../lines.ts";
import type { Connection } from "../../redis/connection.ts";
import { runScript } from "../../redis/script.ts";
import { wireOf } from "../../wire.ts";
import type { Queues } from "./queues.ts";
import { leaseScript } from "./scripts.ts";

/** What a lease is made of. */
export type LeaseParts = Readonly<{
  connection: Connection;
  queues: Queues;
  line: string;
  job: Job<FleetJob>;
  jobId: string;
  token: string;
  leaseMs: number;
  state: JobState;
}>;

const states = wireOf<JobState>();

type Answer = "ours" | "lost" | "ended";

/** A job of BullMQ with its lock, renewed four times as often as it has to be. */
export class RedisLease implements Lease {
  readonly job: FleetJob;
  readonly line: string;
  readonly #parts: LeaseParts;
  readonly #lost = new AbortController();
  readonly #timer: ReturnType<typeof setInterval>;
  #state: JobState;
  #renewing = false;

  constructor(parts: LeaseParts) {
    this.#parts = parts;
    this.job = parts.job.data;
    this.line = parts.line;
    this.#state = parts.state;
    this.#timer = setInterval(() => void this.#renew(), Math.max(50, parts.leaseMs / 4));
  }

  get state(): JobState {
    return this.#state;
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  async keep(state: Partial<JobState>): Promise<boolean> {
    this.#state = { ...this.#state, ...state };
    return (await this.#ask()) === "ours";
  }

  async done(result: JobResult): Promise<boolean> {
    return this.#end(() => this.#parts.job.moveToCompleted(result, this.#parts.token, false));
  }

  async handBack(state: Partial<JobState>, first: boolean): Promise<boolean> {
    this.#state = { ...this.#state, ...state };
    const { connection, queues, line, jobId, token } = this.#parts;
    return this.#end(async () => {
      // BullMQ puts one without a priority before all others.
      if (first) await connection.client.hset(queues.key(line, jobId), "priority", 0);
      await queues.get(line).getBackend().moveJobFromActiveToWait(jobId, token);
    });
  }

  /** Lets go of the job in a way that wants the lock, until it is known whether that was done. */
  async #end(letGo: () => Promise<unknown>): Promise<boolean> {
    if (this.lost.aborted) return false;
    clearInterval(this.#timer);
    let tried = false;
    const done = await this.#parts.connection.insist(async () => {
      // A lock that ran out meanwhile is had again, if it can be.
      const answer = await this.#askOnce();
      if (answer !== "ours") return answer === "ended" || (tried && (await this.#isLetGo()));
      tried = true;
      await letGo();
      return true;
    });
    if (done !== true) this.#lost.abort();
    return done === true;
  }

  /** Whether the job waits as this lease left it: the answer to handing it back was lost. */
  async #isLetGo(): Promise<boolean> {
    const { connection, queues, line, jobId, token } = this.#parts;
    const [by] = await connection.client.hmget(queues.key(line, jobId), "pb");
    return by === token;
  }

  async #renew(): Promise<void> {
    const { closed, reachable } = this.#parts.connection;
    if (closed.aborted) clearInterval(this.#timer);
    if (this.#renewing || closed.aborted || this.lost.aborted || !reachable) return;
    this.#renewing = true;
    // One that fails is followed by another.
    await this.#askOnce().then(
      (answer) => this.#heed(answer),
      () => undefined,
    );
    this.#renewing = false;
  }

  async #ask(): Promise<Answer> {
    if (this.lost.aborted) return "lost";
    const answer = (await this.#parts.connection.insist(() => this.#askOnce())) ?? "lost";
    this.#heed(answer);
    return answer;
  }

  #heed(answer: Answer): void {
    if (answer === "ours" || this.lost.aborted) return;
    clearInterval(this.#timer);
    if (answer === "lost") this.#lost.abort();
  }

  async #askOnce(): Promise<Answer> {
    const { connection, queues, line, jobId, token, leaseMs } = this.#parts;
    const keys = [jobId, `${jobId}:lock`, "active", "stalled"].map((rest) => queues.key(line, rest));
    const state = states.write(this.#state);
    const answer = await runScript(connection.client, leaseScript, keys, [token, leaseMs, jobId, state]);
    if (answer === 2) this.#state = { ...this.#state, stopping: true };
    return answer === 3 ? "ended" : answer === 0 ? "lost" : "ours";
  }
}
