import { createHash } from "node:crypto";
import type { ModelFile } from "../jobs.ts";
import { type Connection, pause } from "../redis/connection.ts";
import type { FleetKeys } from "../redis/keys.ts";
import type { Member, Presence, Roll } from "../roll.ts";
import { wireOf } from "../wire.ts";
import { enterAlone } from "./admission.ts";

const members = wireOf<Member>();
const lists = wireOf<readonly ModelFile[]>();

/** Milliseconds between two entries of a member, and after which one that says nothing is gone. */
const rhythm = 2_000;
const goneAfter = 10_000;
/** For how long the list of files of nobody is kept. */
const filesKept = 60_000;

/** The roll is a set of ids, and a key for each that goes by itself. */
export class RedisRoll implements Roll {
  readonly #connection: Connection;
  readonly #keys: FleetKeys;

  constructor(connection: Connection, keys: FleetKeys) {
    this.#connection = connection;
    this.#keys = keys;
  }

  enter(member: () => Member): Presence {
    return new RedisPresence(this.#connection, this.#keys, member);
  }

  async admit(member: () => Member, look: (there: readonly Member[]) => Promise<void>): Promise<Presence> {
    const text = (): string => members.write(member());
    const entry = { id: member().id, text, milliseconds: goneAfter };
    await enterAlone(this.#connection, this.#keys, entry, async () => look(await this.members()));
    return this.enter(member);
  }

  async members(): Promise<readonly Member[]> {
    const { roll, member } = this.#keys;
    return this.#connection.ask(async (client) => {
      const ids = (await client.smembers(roll)).toSorted();
      if (ids.length === 0) return [];
      const texts = await client.mget(ids.map(member));
      const gone = ids.filter((_, i) => texts[i] === null);
      // One that comes back in this moment writes itself again.
      if (gone.length > 0) await client.srem(roll, gone);
      return texts.flatMap((text) => (text === null ? [] : [members.read(text)]));
    });
  }

  async keepModels(files: readonly ModelFile[]): Promise<string> {
    const text = lists.write(files);
    const digest = createHash("sha256").update(text).digest("hex").slice(0, 32);
    await this.#connection.ask((client) => client.set(this.#keys.models(digest), text, "PX", filesKept));
    return digest;
  }

  async models(digest: string): Promise<readonly ModelFile[] | undefined> {
    const text = await this.#connection.ask((client) => client.get(this.#keys.models(digest)));
    return text === null ? undefined : lists.read(text);
  }
}

class RedisPresence implements Presence {
  readonly #connection: Connection;
  readonly #keys: FleetKeys;
  readonly #member: () => Member;
  readonly #left = new AbortController();
  readonly #over: Promise<void>;

  constructor(connection: Connection, keys: FleetKeys, member: () => Member) {
    this.#connection = connection;
    this.#keys = keys;
    this.#member = member;
    this.#over = this.#run();
  }

  async update(): Promise<void> {
    if (this.#left.signal.aborted || !this.#connection.reachable) return;
    const member = this.#member();
    const { roll, member: keyOf, models } = this.#keys;
    await this.#connection.ask((client) =>
      client
        .multi()
        .set(keyOf(member.id), members.write(member), "PX", goneAfter)
        .sadd(roll, member.id)
        .pexpire(models(member.models), filesKept)
        .exec(),
    );
  }

  async leave(): Promise<void> {
    this.#left.abort();
    await this.#over;
    const { id } = this.#member();
    const { roll, member } = this.#keys;
    if (!this.#connection.reachable) return;
    await this.#connection
      .ask((client) => client.multi().del(member(id)).srem(roll, id).exec())
      .catch(() => undefined);
  }

  async #run(): Promise<void> {
    const over = AbortSignal.any([this.#left.signal, this.#connection.closed]);
    while (!over.aborted) {
      // One that fails is followed by another.
      await this.update().catch(() => undefined);
      await pause(rhythm, over);
    }
  }
}
