import { type CardPlan, type Load, planCard, type Stage, wayOf } from "#/card/plan.ts";
import type { JobRequest } from "../open-network.ts";
import type { Lengths } from "./length-of.ts";
import { tooSmall } from "./too-small.ts";

/** A card, and the lengths of a job's axes. */
export type Card = Readonly<{ bytes: number; lengths: Lengths }>;

/** The requests of a job by what they are for. */
export type JobRequests = Readonly<{
  /** Told one after the other: texts, what pictures say, detectors. */
  others: readonly JobRequest[];
  vae: readonly JobRequest[];
  /** Asked in every step, all of them. */
  denoising: readonly JobRequest[];
  refining: readonly JobRequest[];
}>;

/** What a job on a card does as the plan says. */
export type JobRoom = Readonly<{
  /** Bytes that networks may take together. */
  bytes: number;
  /** Of a network by its key: bytes of its features, and the keys of what must be open with it. */
  loads: ReadonlyMap<string, Readonly<{ features: number; beside: ReadonlySet<string> }>>;
  stays: ReadonlySet<string>;
  guidance: "together" | "apart";
  /** Pixels of the largest picture that the VAE is asked for in one piece. */
  wholePixels: number;
}>;

/** Features of a part of the VAE for one strip, with its arena. */
export const stripFeatures = 0.25 * 2 ** 30;

/**
 * Plans the memory of a card for a job.
 *
 * @throws EngineError `out-of-memory` with both numbers where there is no way to go
 */
export function planJob({ bytes, lengths }: Card, requests: JobRequests): JobRoom {
  const plan = planCard(bytes, stagesOf(requests, lengths));
  if (!plan.fits) throw tooSmall(plan, bytes);
  return roomOf(plan, (lengths["H"] ?? 0) * (lengths["W"] ?? 0));
}

function stagesOf({ others, vae, denoising, refining }: JobRequests, lengths: Lengths): readonly Stage[] {
  const load = ({ key, name, onCard }: JobRequest, own: Lengths = lengths): Load => ({
    key,
    name,
    ...(onCard?.(own) ?? { weights: 0, features: 0 }),
  });
  const inBatches = (stage: "denoising" | "refining", asked: readonly JobRequest[]): readonly Stage[] =>
    asked.length === 0
      ? []
      : [
          {
            stage,
            ways: [
              { way: "together", loads: asked.map((one) => load(one, { ...lengths, N: 2 })) },
              { way: "apart", loads: asked.map((one) => load(one)) },
            ],
          },
        ];
  return [
    ...others.map((one): Stage => ({ stage: "texts", ways: [{ way: "plain", loads: [load(one)] }] })),
    ...inBatches("denoising", denoising),
    ...refining.flatMap((one) => inBatches("refining", [one])),
    ...vae.map((one): Stage => {
      const whole = load(one);
      const strips = { ...whole, features: stripFeatures };
      return {
        stage: "pictures",
        ways: [
          { way: "whole", loads: [whole] },
          { way: "strips", loads: [strips] },
        ],
      };
    }),
  ];
}

function roomOf(plan: Extract<CardPlan, { fits: true }>, pixels: number): JobRoom {
  const loads = new Map<string, { features: number; beside: Set<string> }>();
  for (const stage of plan.stages)
    for (const { key, features } of stage.loads) {
      const known = loads.get(key) ?? { features: 0, beside: new Set<string>() };
      const beside = new Set([...known.beside, ...stage.loads.map((other) => other.key)]);
      loads.set(key, { features: Math.max(known.features, features), beside });
    }
  const together = plan.stages.every(({ way }) => way !== "apart");
  const whole = plan.stages.every(({ way }) => way !== "strips");
  return {
    bytes: plan.room,
    loads,
    stays: plan.stays,
    guidance: together && wayOf(plan, "denoising") !== undefined ? "together" : "apart",
    wholePixels: whole ? pixels : 0,
  };
}
