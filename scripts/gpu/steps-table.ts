import { join } from "node:path";
import type { Device } from "#/lib/devices.ts";
import type { Plan } from "./plan.ts";

/** A step of the kit: a program of `steps/` in a process of its own. */
export type Step = Readonly<{
  /** Its name in the report's JSON. */
  name: string;
  title: string;
  /** Of `steps/`. */
  program: string;
  own: Readonly<Record<string, string>>;
  /** Seconds at which it is ended. */
  limit: number;
  /** Seconds under which it is not worth beginning. */
  least: number;
  /** Steps that must be done before it. */
  after?: readonly string[];
  /** It begins with the first one and runs beside those before its turn. */
  ahead?: true;
  /** Why it is left out, where it is. */
  without?: string;
}>;

const step = (name: string, title: string, more: Omit<Step, "name" | "title">): Step => ({
  name,
  title,
  ...more,
});

/** What a device is asked first: whether it works at all. */
const first = (device: Device): Step =>
  step(`first-${device}`, `A network of one node on ${device}`, {
    program: "first-network",
    own: { device },
    limit: 45,
    least: 5,
  });

const goldens = (device: Device, compute?: "float16" | "float32"): Step =>
  step(
    `goldens-${device}${compute === undefined ? "" : `-${compute}`}`,
    `Goldens on ${device}, ${compute ?? "in the numbers that the product takes there"}`,
    {
      program: "goldens",
      own: { device, ...(compute === undefined ? {} : { compute }) },
      limit: 75,
      least: 15,
      after: [`first-${device}`],
    },
  );

const demo = (device: Device): Step =>
  step(`demo-${device}`, `The demo model's pictures on ${device} beside the processor's`, {
    program: "demo",
    own: { device },
    limit: 60,
    least: 15,
    after: [`first-${device}`],
  });

/** What is measured at full size, on the first of the devices. */
function fullSize(plan: Plan, device: Device): readonly Step[] {
  const after = [`first-${device}`, ...(plan.sizes.synthetic ? ["synthetic"] : [])];
  const own = { device };
  const { side, row } = plan.sizes;
  const torch = torchIn(plan.python);
  return [
    step("ours", `${side} x ${side} on ${device}`, {
      program: "full-size",
      own,
      limit: 90,
      least: 30,
      after,
    }),
    step("theirs", `diffusers beside it`, {
      program: "theirs",
      own,
      limit: 75,
      least: 25,
      after,
      ...(torch === undefined ? {} : { without: torch }),
    }),
    step("loras", "LoRAs at full size", { program: "loras", own, limit: 60, least: 25, after }),
    step("row", `${row.pictures} pictures in a row`, { program: "row", own, limit: 75, least: 25, after }),
  ];
}

/** Why diffusers cannot be measured; nothing where it can. */
function torchIn(python: string): string | undefined {
  if (Bun.which(python) === null) return `${python} is not there`;
  const asked = Bun.spawnSync([python, "-c", "import torch, diffusers, transformers"], {
    env: { ...process.env, HF_HUB_OFFLINE: "1" },
  });
  if (asked.success) return undefined;
  return `${python} lacks something of it: ${asked.stderr.toString().trim().split("\n").at(-1) ?? ""}`;
}

/** All steps of a plan, in the order of their worth: those at the end are the first to go where time is short. */
export const stepsOf = (plan: Plan): readonly Step[] =>
  inOrder(plan).map((one) => ({ ...one, limit: plan.patience * one.limit }));

function inOrder(plan: Plan): readonly Step[] {
  const [main = "cpu", ...others] = plan.providers;
  const placement = (device: Device): Step =>
    step(`placement-${device}`, `Where the nodes run on ${device}`, {
      program: "placement",
      own: { device },
      limit: 45,
      least: 15,
      after: [`first-${device}`],
    });
  return [
    step("machine", "What is there", { program: "machine", own: {}, limit: 20, least: 1 }),
    ...plan.providers.map(first),
    ...(plan.sizes.synthetic
      ? [
          step("synthetic", "Files of full size, written on the spot", {
            program: "synthetic",
            own: {},
            limit: 120,
            least: 20,
            after: [`first-${main}`],
            ahead: true,
          }),
        ]
      : []),
    goldens(main),
    demo(main),
    ...fullSize(plan, main),
    placement(main),
    ...(main === "cpu" ? [] : [goldens(main, main === "cuda" ? "float32" : "float16")]),
    ...others.flatMap((device) => [goldens(device), demo(device), placement(device)]),
    ...others.filter((device) => device !== "cpu").map((device) => goldens(device, "float16")),
  ];
}

/** The command of a step. */
export const commandOf = (plan: Plan, { program, own }: Step): readonly string[] => [
  process.execPath,
  `--preload=${join(import.meta.dir, "on-card.ts")}`,
  join(import.meta.dir, "steps", `${program}.ts`),
  JSON.stringify(plan),
  JSON.stringify(own),
];
