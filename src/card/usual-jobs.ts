import type { Load, Stage, StageName } from "./plan.ts";

const mebibyte = 2 ** 20;

/**
 * MiB that published networks take on a card: UNets and ControlNets in float16, text encoders, towers and VAE in float32. From their headers; a
 * test holds them to what the layouts give. The refiner's is its file without text encoder and VAE.
 */
export const published = {
  "SDXL's UNet": 4897,
  "the refiner's UNet": 4310,
  "SSD-1B's UNet": 2539,
  "Vega's UNet": 1422,
  "text encoder L": 442,
  "text encoder G": 2650,
  "a ControlNet": 2384,
  "the image tower": 2331,
  "the VAE's decoder": 189,
} as const;

type Published = keyof typeof published;

/** Sides of square pictures that are planned for. */
export const sides = [1024, 1536] as const;
type Side = (typeof sides)[number];

/** MiB of the arenas of features, by the side of a square picture: for one picture and for both sides of the guidance, and of the VAE. */
export const features: Readonly<Record<Side, Readonly<Record<"apart" | "together" | "whole", number>>>> = {
  1024: { apart: 259, together: 521, whole: 3073 },
  1536: { apart: 519, together: 1032, whole: 14339 },
};

/** MiB of the arena of a VAE's strips, and of what reads a text. */
const [strips, reading] = [256, 32];

/** What a card is asked to hold for a usual job. */
export type UsualJob = Readonly<{ job: string; stages: readonly Stage[] }>;

/** Jobs that people have, from the usual to the large. */
export const usualJobs: readonly UsualJob[] = [
  { job: "Vega, 1024 x 1024", stages: stagesOf(1024, ["Vega's UNet"]) },
  { job: "SSD-1B, 1024 x 1024", stages: stagesOf(1024, ["SSD-1B's UNet"]) },
  { job: "SDXL, 1024 x 1024", stages: stagesOf(1024, ["SDXL's UNet"]) },
  {
    job: "SDXL and its refiner, 1024 x 1024",
    stages: [...stagesOf(1024, ["SDXL's UNet"]), denoising("refining", 1024, ["the refiner's UNet"])],
  },
  {
    job: "SDXL and an image prompt, 1024 x 1024",
    stages: [read("the image tower"), ...stagesOf(1024, ["SDXL's UNet"])],
  },
  { job: "SDXL and a ControlNet, 1024 x 1024", stages: stagesOf(1024, ["SDXL's UNet", "a ControlNet"]) },
  { job: "SDXL, 1536 x 1536", stages: stagesOf(1536, ["SDXL's UNet"]) },
];

function stagesOf(side: Side, denoisers: readonly Published[]): readonly Stage[] {
  return [
    read("text encoder L"),
    read("text encoder G"),
    denoising("denoising", side, denoisers),
    {
      stage: "pictures",
      ways: [
        { way: "whole", loads: [load("the VAE's decoder", features[side].whole)] },
        { way: "strips", loads: [load("the VAE's decoder", strips)] },
      ],
    },
  ];
}

function read(name: Published): Stage {
  return { stage: "texts", ways: [{ way: "plain", loads: [load(name, reading)] }] };
}

function denoising(stage: StageName, side: Side, networks: readonly Published[]): Stage {
  const ways = (["together", "apart"] as const).map((way) => ({
    way,
    loads: networks.map((name) => load(name, features[side][way])),
  }));
  return { stage, ways };
}

function load(name: Published, arena: number): Load {
  return { key: name, name, weights: published[name] * mebibyte, features: arena * mebibyte };
}
