import sharp from "sharp";
import evaluation from "../../train/eval-prompts.json" with { type: "json" };
import { type Palette, readScene, type SceneReading } from "../scene-reader/read-scene.ts";

/** What a prompt asks for, in words of the palette and of the ten shapes; the seed it is drawn with. */
export type Wanted = (typeof evaluation.prompts)[number];

const palette: Palette = evaluation.palette;

/** A picture and what it shows, beside what was asked for. */
export type Judged = Readonly<{ wanted: Wanted; png: Uint8Array; read: SceneReading }>;

/** How many of `of` are right. */
export type Score = Readonly<{ of: number; background: number; foreground: number; shape: number }>;

/** Fields of a generate request beside prompt and seed. */
export type Settings = Readonly<Record<string, unknown>>;

/** The ways of asking that the demo model answers for, with the least share of right answers each. */
export const modes = {
  default: {
    settings: { aspect_ratios_selection: "256*256" },
    least: { background: 0.95, foreground: 0.95, shape: 0.8 },
  },
  wide: {
    settings: { aspect_ratios_selection: "320*192" },
    least: { background: 0.95, foreground: 0.95, shape: 0.8 },
  },
  lightning: {
    settings: { aspect_ratios_selection: "256*256", performance_selection: "Lightning" },
    least: { background: 0.85, foreground: 0.85, shape: 0.7 },
  },
  hyper: {
    settings: { aspect_ratios_selection: "256*256", performance_selection: "Hyper-SD" },
    least: { background: 0.85, foreground: 0.85, shape: 0.7 },
  },
  extreme: {
    settings: { aspect_ratios_selection: "256*256", performance_selection: "Extreme Speed" },
    least: { background: 0.85, foreground: 0.85, shape: 0.7 },
  },
} as const satisfies Record<string, { settings: Settings; least: Omit<Score, "of"> }>;

/** The first `count` of the 100 fixed prompts spread evenly over shapes and wordings. */
export function fixedPrompts(count: number): readonly Wanted[] {
  const all = evaluation.prompts;
  // Ten in a row hold each shape once: whole rows from all over the list keep that so.
  const rows = Math.max(1, Math.round(count / 10));
  const chosen = Array.from({ length: rows }, (_, i) => Math.floor((i * all.length) / 10 / rows) * 10);
  return chosen.flatMap((start) => all.slice(start, start + 10)).slice(0, count);
}

/**
 * One picture as PNG, made by the server.
 *
 * @throws Error with the server's answer when it makes none
 */
export async function draw(
  url: string,
  prompt: string,
  seed: number,
  settings: Settings,
): Promise<Uint8Array> {
  const answer = await fetch(`${url}/v1/engine/generate/`, {
    method: "POST",
    headers: { accept: "image/png", "content-type": "application/json" },
    body: JSON.stringify({ prompt, image_seed: seed, ...settings }),
  });
  if (!answer.ok)
    throw new Error(`"${prompt}": the server answered ${answer.status}: ${await answer.text()}`);
  return new Uint8Array(await answer.arrayBuffer());
}

/** Draws every prompt, one after another, and reads the pictures back. */
export async function* judge(
  url: string,
  prompts: readonly Wanted[],
  settings: Settings,
): AsyncGenerator<Judged> {
  for (const wanted of prompts) {
    const png = await draw(url, wanted.prompt, wanted.seed, settings);
    yield { wanted, png, read: await readPng(png) };
  }
}

/** Reads what a PNG shows. */
export async function readPng(png: Uint8Array): Promise<SceneReading> {
  const { data, info } = await sharp(png).removeAlpha().toColourspace("srgb").raw().toBuffer({
    resolveWithObject: true,
  });
  return readScene({ width: info.width, height: info.height, data }, palette);
}

/** The names of what is wrong in a picture; none for a right one. */
export function faultsOf({ wanted, read }: Judged): readonly (keyof Omit<Score, "of">)[] {
  return (["background", "foreground", "shape"] as const).filter((part) => wanted[part] !== read[part]);
}

export function scoreOf(judged: readonly Judged[]): Score {
  const right = (part: keyof Omit<Score, "of">) =>
    judged.filter((one) => !faultsOf(one).includes(part)).length;
  return {
    of: judged.length,
    background: right("background"),
    foreground: right("foreground"),
    shape: right("shape"),
  };
}
