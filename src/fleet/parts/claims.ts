import type { Claim, Claims, Office } from "../claims.ts";
import { type Connection, pause } from "../redis/connection.ts";
import type { FleetKeys } from "../redis/keys.ts";
import { runScript, script } from "../redis/script.ts";

const renewal = script(`
if redis.call("GET", KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call("PEXPIRE", KEYS[1], ARGV[2])`);

const release = script(`
if redis.call("GET", KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call("DEL", KEYS[1])`);

/** A claim is a key with a time to live, which holds a word that only its owner knows. */
export class RedisClaims implements Claims {
  readonly #connection: Connection;
  readonly #keys: FleetKeys;

  constructor(connection: Connection, keys: FleetKeys) {
    this.#connection = connection;
    this.#keys = keys;
  }

  async take(name: string, milliseconds: number): Promise<Claim | undefined> {
    const key = this.#keys.claim(name);
    const word = crypto.randomUUID();
    const taken = await this.#connection.ask(async (client) => {
      const answer = await client.set(key, word, "PX", milliseconds, "NX");
      // An answer that was lost on its way: the claim is ours all the same.
      return answer === "OK" || (await client.get(key)) === word;
    });
    if (!taken) return undefined;
    const ask = (what: typeof renewal): Promise<unknown> =>
      this.#connection.ask((client) => runScript(client, what, [key], [word, milliseconds]));
    return {
      renew: async () => (await ask(renewal)) === 1,
      release: async () => void (await ask(release)),
    };
  }

  hold(name: string, milliseconds: number, change: (held: boolean) => void): Office {
    return new HeldOffice(() => this.take(name, milliseconds), milliseconds, change, this.#connection.closed);
  }
}

class HeldOffice implements Office {
  readonly #left = new AbortController();
  readonly #change: (held: boolean) => void;
  readonly #over: Promise<void>;
  #held = false;

  constructor(
    take: () => Promise<Claim | undefined>,
    milliseconds: number,
    change: (held: boolean) => void,
    closed: AbortSignal,
  ) {
    this.#change = change;
    this.#over = this.#run(take, milliseconds, AbortSignal.any([closed, this.#left.signal]));
  }

  get held(): boolean {
    return this.#held;
  }

  async leave(): Promise<void> {
    this.#left.abort();
    await this.#over;
  }

  async #run(take: () => Promise<Claim | undefined>, milliseconds: number, over: AbortSignal): Promise<void> {
    let claim: Claim | undefined;
    let until = 0;
    while (!over.aborted) {
      const asked = Date.now();
      try {
        if (claim !== undefined && !(await claim.renew())) claim = undefined;
        claim ??= await take();
        if (claim !== undefined) until = asked + milliseconds;
      } catch {
        // Redis is gone: it is ours until its time is over, and may be another's then.
      }
      if (Date.now() >= until) claim = undefined;
      this.#tell(claim !== undefined);
      await pause(Math.min(milliseconds / 3, Math.max(50, until - Date.now())), over);
    }
    this.#tell(false);
    await claim?.release().catch(() => undefined);
  }

  #tell(held: boolean): void {
    if (this.#held === held) return;
    this.#held = held;
    this.#change(held);
  }
}
