import { createHash } from "node:crypto";
import type { Redis } from "ioredis";
import { reasonOf } from "./trouble.ts";

/** Steps that Redis does at once, in Lua. */
export type Script = Readonly<{ lua: string; digest: string }>;

export const script = (lua: string): Script => ({
  lua,
  digest: createHash("sha1").update(lua).digest("hex"),
});

type Argument = string | number | Uint8Array;

/** Runs a script; its text is sent only where Redis does not know it yet. */
export async function runScript(
  client: Redis,
  { lua, digest }: Script,
  keys: readonly string[],
  args: readonly Argument[],
): Promise<unknown> {
  const all = [...keys, ...args.map((one) => (typeof one === "object" ? Buffer.from(one) : one))];
  try {
    return await client.evalsha(digest, keys.length, ...all);
  } catch (thrown) {
    if (!reasonOf(thrown).startsWith("NOSCRIPT")) throw thrown;
    return await client.eval(lua, keys.length, ...all);
  }
}
