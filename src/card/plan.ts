/** A network on a card: bytes of its weights, and of the arena that its features take in a run; it keeps both while it is open. */
export type Load = Readonly<{ key: string; name: string; weights: number; features: number }>;

/**
 * How a stage may go, the quickest first. Denoising: both sides of the guidance in one run, or one after the other. Pictures: a VAE in one piece,
 * or strip by strip.
 */
export type StageWay = "together" | "apart" | "whole" | "strips" | "plain";

/** What has to be on the card at one time. */
export type Stage = Readonly<{
  stage: StageName;
  /** The quickest first. */
  ways: readonly Readonly<{ way: StageWay; loads: readonly Load[] }>[];
}>;

/** Those that matter most for the time of a picture first. */
export const stageNames = ["denoising", "refining", "pictures", "guides", "texts"] as const;
export type StageName = (typeof stageNames)[number];

/** A stage as it goes on a card. */
export type PlannedStage = Readonly<{
  stage: StageName;
  way: StageWay;
  loads: readonly Load[];
  bytes: number;
}>;

/** What a card holds while a job runs. */
export type CardPlan = Readonly<
  | {
      fits: true;
      /** Bytes that networks may take together. */
      room: number;
      stages: readonly PlannedStage[];
      /** Keys of what stays on the card from the first picture to the last. */
      stays: ReadonlySet<string>;
    }
  | {
      fits: false;
      stage: StageName;
      /** Bytes that a card must have for it. */
      needed: number;
      loads: readonly Load[];
    }
>;

/**
 * Bytes of a card that are nobody's weights or features: the driver's context with the kernels of ONNX Runtime, cuBLAS and cuDNN (about half
 * a gigabyte), and the workspaces of convolutions and matrices. Taken from what others report of these libraries; no card has been measured.
 */
export const reserved = 0.75 * 2 ** 30;

/**
 * Plans a job on a card: each stage in the quickest way that fits, and as much as possible on the card all the time, what is denoised with
 * first.
 *
 * @param card bytes of the card's memory
 */
export function planCard(card: number, stages: readonly Stage[]): CardPlan {
  const room = card - reserved;
  const planned: PlannedStage[] = [];
  for (const { stage, ways } of stages) {
    const each = ways.map(({ way, loads }) => ({ stage, way, loads, bytes: total(loads) }));
    const fitting = each.find(({ bytes }) => bytes <= room);
    if (fitting === undefined) {
      const least = each.toSorted((a, b) => a.bytes - b.bytes)[0];
      const { bytes = 0, loads = [] } = least ?? {};
      return { fits: false, stage, needed: bytes + reserved, loads };
    }
    planned.push(fitting);
  }
  return { fits: true, room, stages: planned, stays: staying(planned, room) };
}

const total = (loads: readonly Load[]): number =>
  loads.reduce((sum, { weights, features }) => sum + weights + features, 0);

function staying(stages: readonly PlannedStage[], room: number): ReadonlySet<string> {
  const kept = new Map<string, Load>();
  const isRoomFor = (load: Load): boolean =>
    stages.every(({ loads }) => {
      const together = new Map([...kept, [load.key, load] as const]);
      for (const own of loads) together.set(own.key, larger(own, together.get(own.key)));
      return total([...together.values()]) <= room;
    });
  const inOrder = stages.toSorted((a, b) => stageNames.indexOf(a.stage) - stageNames.indexOf(b.stage));
  for (const load of inOrder.flatMap(({ loads }) => loads))
    if (isRoomFor(load)) kept.set(load.key, larger(load, kept.get(load.key)));
  return new Set(kept.keys());
}

/** A network that is in several stages takes what it takes in the largest of them. */
const larger = (a: Load, b: Load | undefined): Load => (b === undefined || a.features >= b.features ? a : b);

/** How a stage goes, where the job has it. */
export const wayOf = (plan: CardPlan, stage: StageName): StageWay | undefined =>
  plan.fits ? plan.stages.find((one) => one.stage === stage)?.way : undefined;
