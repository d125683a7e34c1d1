import { cpSync, existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Disguise } from "./avx2/only-avx2.ts";
import type { Asked, Contestant, Measured } from "./part.ts";
import { runSdCli } from "./sd-cli.ts";
import { watch } from "./watch.ts";

const here = join(import.meta.dir, "../../..");

/** The ways in which our build runs a UNet. */
export const precisions = ["full", "packed", "fast"] as const;

const isPrecision = (name: string): name is (typeof precisions)[number] =>
  precisions.some((one) => one === name);

/** What is compared, by flags. */
export type Peers = Readonly<{
  /** ours; all that the build has where nothing is said */
  precisions: readonly string[];
  /** another checkout of ours */
  against?: string | undefined;
  /** a Python with torch and diffusers */
  python?: string | undefined;
  sdCli?: string | undefined;
  /** what sd-cli is told besides, by the types of weights that it runs with */
  sdTypes: readonly string[];
  /** what processor they find */
  disguise: Disguise;
}>;

async function jsonOf(
  command: readonly string[],
  cwd: string,
  { wrap }: Disguise,
): Promise<Measured & Readonly<{ ownGiB: number }>> {
  // A thread that waits for work by looking for it all the time would be counted as work.
  const { output, ownGiB } = await watch(wrap(command), { cwd, env: { OMP_WAIT_POLICY: "PASSIVE" } });
  const last = output.trim().split("\n").at(-1) ?? "";
  return { ...(JSON.parse(last) as Measured), ownGiB };
}

/** Runs the child of a checkout; one that has no such bench yet is lent ours. */
async function fromCheckout(
  checkout: string,
  asked: Asked,
  precision: string,
  disguise: Disguise,
): ReturnType<typeof jsonOf> {
  const folder = join(checkout, "scripts/bench/peers");
  const lent = !existsSync(folder);
  if (lent) cpSync(import.meta.dir, folder, { recursive: true });
  try {
    return await jsonOf(
      [process.execPath, join(folder, "ours.ts"), JSON.stringify(asked), precision],
      checkout,
      disguise,
    );
  } finally {
    if (lent) rmSync(folder, { recursive: true });
  }
}

/**
 * All that take part, in the order of the table.
 *
 * @throws Error where a precision is none of ours
 */
export function contestants(peers: Peers): readonly Contestant[] {
  const list: Contestant[] = [];
  const { against, python, sdCli, disguise } = peers;
  if (against !== undefined)
    list.push({
      name: "ours, the other checkout",
      run: (asked) => fromCheckout(against, asked, "full", disguise),
    });
  for (const precision of peers.precisions) {
    if (!isPrecision(precision))
      throw new Error(`${precision} is no precision of ours: ${precisions.join(", ")}`);
    const run = (asked: Asked) => fromCheckout(here, asked, precision, disguise);
    const first = (asked: Asked) => run({ ...asked, side: 64, runs: 0 });
    list.push({ name: `ours, ${precision}`, run, ...(precision === "fast" ? { first } : {}) });
  }
  if (python !== undefined)
    for (const kind of ["float32", "bfloat16"]) {
      const program = join(import.meta.dir, "theirs.py");
      const name = `diffusers, ${kind}${kind === "bfloat16" ? ", channels last" : ""}`;
      list.push({
        name,
        run: (asked) => jsonOf([python, program, JSON.stringify(asked), kind], here, disguise),
      });
    }
  if (sdCli !== undefined)
    for (const type of peers.sdTypes)
      list.push({ name: `sd-cli, ${type}`, run: (asked) => runSdCli(sdCli, type, asked, disguise) });
  return list;
}
