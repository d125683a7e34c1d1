import { type Connection, pause } from "../redis/connection.ts";
import type { FleetKeys } from "../redis/keys.ts";
import { runScript, script } from "../redis/script.ts";

/** Milliseconds for which one member looks around alone; one that dies meanwhile holds the others up for as long. */
const alone = 15_000;
const askAgain = 50;

const entry = script(`
if redis.call("GET", KEYS[1]) ~= ARGV[1] then return 0 end
redis.call("SET", KEYS[2], ARGV[2], "PX", ARGV[3])
redis.call("SADD", KEYS[3], ARGV[4])
return 1`);

const release = script(`
if redis.call("GET", KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call("DEL", KEYS[1])`);

/** Who comes in, and what is written of it for how many milliseconds. */
export type Entry = Readonly<{ id: string; text: () => string; milliseconds: number }>;

/**
 * Puts a member on the roll after a look at who is there, of those that do so one after the other. What is written is written
 * only while the door is still this member's, so that no two can have looked before either was on the roll; where it is not any
 * more, because the look took long or Redis was gone, there is another look.
 *
 * @param look throws what refuses the member
 * @throws EngineError `fleet-unavailable`, and what `look` throws
 */
export async function enterAlone(
  connection: Connection,
  { claim, member, roll }: FleetKeys,
  { id, text, milliseconds }: Entry,
  look: () => Promise<void>,
): Promise<void> {
  const door = claim("door");
  for (let isIn = false; !isIn; ) {
    const word = crypto.randomUUID();
    await takeDoor(connection, door, word);
    try {
      await look();
      const keys = [door, member(id), roll];
      isIn =
        (await connection.ask((client) =>
          runScript(client, entry, keys, [word, text(), milliseconds, id]),
        )) === 1;
    } finally {
      await connection.ask((client) => runScript(client, release, [door], [word])).catch(() => undefined);
    }
  }
}

async function takeDoor(connection: Connection, door: string, word: string): Promise<void> {
  const take = async (): Promise<boolean> =>
    await connection.ask(async (client) => {
      const answer = await client.set(door, word, "PX", alone, "NX");
      // An answer that was lost on its way: the door is ours all the same.
      return answer === "OK" || (await client.get(door)) === word;
    });
  while (!(await take())) await pause(askAgain, connection.closed);
}
