import type { Member, Roll } from "#/fleet/roll.ts";
import { EngineError } from "#/lib/errors.ts";
import type { Log } from "#/lib/log.ts";

/** Milliseconds between two looks, and after which a member that is still there is no trace of one that was killed. */
const lookEvery = 500;
const traceFor = 12_000;

/**
 * Two members of one name would read each other's messages, and only one of them would be seen.
 *
 * @param within milliseconds for which a member that was killed may still be on the roll
 * @throws EngineError `bad-setting` where another one of that name stays there
 */
export async function refuseTakenName(
  roll: Pick<Roll, "members">,
  name: string,
  log: Pick<Log, "info">,
  within = traceFor,
): Promise<void> {
  const until = performance.now() + within;
  for (let told = false; ; told = true) {
    const there = (await roll.members()).find(({ id }) => id === name);
    if (there === undefined) return;
    if (performance.now() > until) throw takenBy(there);
    if (!told)
      log.info("a member of this name is still on the roll; it is seen whether that one lives", { name });
    await Bun.sleep(lookEvery);
  }
}

/** The same without waiting, for a name that was free just now. @throws EngineError `bad-setting` */
export function refuseName(members: readonly Member[], name: string): void {
  const there = members.find(({ id }) => id === name);
  if (there !== undefined) throw takenBy(there);
}

function takenBy({ id, role, host }: Member): EngineError {
  const message = `The name ${id} is taken by a ${role} of this fleet on ${host}; give this one another with --member-name, or leave that out.`;
  return new EngineError("bad-setting", message, { setting: "member_name" });
}
