import { basename } from "node:path";
import { ModelError } from "#/lib/errors.ts";
import type { Checkpoint, WeightMap } from "../checkpoint.ts";
import { shownName } from "../shown-name.ts";
import { refuseUnfinished } from "../tail.ts";
import type { WeightFile, WeightRef } from "../weight-file.ts";
import { type AttentionSite, attentionSites } from "./attention-sites.ts";
import { neededAdapter } from "./names/ip-adapter.ts";
import { otherAdapter } from "./other-adapters.ts";
import type { OwnFile, OwnPart, PartSource } from "./part-source.ts";
import { checkPart, counted, unknownNames } from "./whole.ts";

/** An IP-Adapter in a file of its own. */
const adapterFile: OwnFile = {
  kind: "ip_adapter",
  prefixes: ["image_proj."],
  knownBy: "latents",
  read: ipAdapter,
  missing: "holds no IP-Adapter, which lies in a file of its own.",
};

/** Where the adapter lies that tells the UNet of a picture. */
export const adapterSource = { ownFile: adapterFile } as const satisfies PartSource;

/**
 * What an adapter reads of a picture: all tokens of the last but one layer of a vision tower ("plus"), or the one vector that
 * this makes of the whole picture.
 */
export type AdapterSizes = Readonly<{
  reads: "tokens" | "vector";
  /** Numbers of one of these. */
  width: number;
  /** Tokens that it makes of a picture, and how wide these are. */
  tokens: number;
  context: number;
}>;

/** @param adapter as {@link adapterSource} gives it */
export function adapterSizes(adapter: WeightMap): AdapterSizes {
  const size = (name: string, axis: number): number => adapter.get(`image_proj.${name}`)?.shape[axis] ?? 0;
  if (adapter.has("image_proj.latents")) {
    const tokens = size("latents", 1);
    return { reads: "tokens", width: size("proj_in.weight", 1), tokens, context: size("norm_out.weight", 0) };
  }
  const context = size("norm.weight", 0);
  return {
    reads: "vector",
    width: size("proj.weight", 1),
    tokens: size("proj.weight", 0) / context,
    context,
  };
}

/**
 * The tensors of an IP-Adapter (Ye et al. 2023) for this checkpoint: `image_proj.` as its file has it, and keys and values as
 * `sites.<n>.to_k_ip` and `to_v_ip`, n counting the cross-attentions as the UNet is drawn.
 *
 * @throws ModelError `layout-unsupported` with what the file is instead, or what is wrong with its tensors; where it was made for
 *         a UNet of other cross-attentions `weight-shape`
 */
function ipAdapter(file: WeightFile, { unet, path: base }: Checkpoint): OwnPart {
  const { path } = file;
  const found = otherAdapter(file.tensors);
  if (found !== undefined) {
    const message = `${basename(path)} is not an IP-Adapter for SDXL that is read here: it is ${found}.`;
    throw new ModelError("layout-unsupported", message, { path, found });
  }
  const named = new Map([...file.tensors].flatMap(([key, ref]) => canonical(key, ref)));
  const sites = attentionSites(unet);
  checkFits(named, sites, { path, base });
  const tensors = new Map([...named].map(([key, ref]) => [placed(key, sites), ref]));
  const widths = sites.toSorted((a, b) => a.drawn - b.drawn).map(({ channels }) => channels);
  const needed = neededAdapter(tensors, widths);
  checkPart({ path, title: "IP-Adapter", prefix: "" }, tensors, needed, unknownNames(tensors, needed));
  refuseUnfinished(file);
  const used = new Set([...tensors.values()].map(({ key }) => key));
  const unused = [...file.tensors.keys()].filter((key) => !used.has(key));
  const notes =
    unused.length === 0 ? [] : [`${basename(path)} has ${counted(unused)} that nothing here uses.`];
  return { tensors, notes };
}

/** Its two halves, and what training programs call them. */
function canonical(key: string, ref: WeightRef): readonly (readonly [string, WeightRef])[] {
  const [, half = "", rest = ""] =
    /^(image_proj|image_proj_model|ip_adapter|adapter_modules)\.(.+)$/.exec(key) ?? [];
  if (rest === "") return [];
  return [[half.startsWith("image_proj") ? `image_proj.${rest}` : `ip_adapter.${rest}`, ref]];
}

const numbered = /^ip_adapter\.(\d{1,3})\.(to_[kv]_ip\.weight)$/;

/** Processors are counted, of which every second one is a cross-attention's. */
const siteOf = (number: number): number => (number - 1) / 2;

/** The name as it is drawn with; one of a number that no cross-attention has stays, and is unknown. */
function placed(key: string, sites: readonly AttentionSite[]): string {
  const [, number, rest] = numbered.exec(key) ?? [];
  const site = number === undefined ? undefined : sites[siteOf(Number(number))];
  return site === undefined ? key : `sites.${site.drawn}.${rest}`;
}

/**
 * Checks that every cross-attention of the UNet has its keys, and no more.
 *
 * @throws ModelError `weight-shape` naming both numbers
 */
function checkFits(
  adapter: WeightMap,
  sites: readonly AttentionSite[],
  { path, base }: Readonly<{ path: string; base: string }>,
): void {
  const keys = [...adapter].flatMap(([key, ref]) => {
    const [, number, rest] = numbered.exec(key) ?? [];
    const site = siteOf(Number(number));
    return Number.isInteger(site) && rest?.startsWith("to_k") ? [{ site, ref }] : [];
  });
  const misfit = (what: string): ModelError =>
    new ModelError(
      "weight-shape",
      `${basename(path)} does not fit ${basename(base)}: ${what}. It was made for another model.`,
      { path },
    );
  const last = 1 + Math.max(-1, ...keys.map(({ site }) => site));
  if (last !== sites.length)
    throw misfit(`it has keys for ${last} cross-attentions, and the checkpoint has ${sites.length}`);
  for (const { site, ref } of keys) {
    const channels = sites[site]?.channels;
    if (channels === undefined || ref.shape[0] === channels) continue;
    throw misfit(
      `${shownName(ref.key)} has ${ref.shape[0]} rows, and the checkpoint's attention there is ${channels} wide`,
    );
  }
}
