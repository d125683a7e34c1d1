import type { WeightMap } from "../checkpoint.ts";
import { recogniseForeign } from "./foreign.ts";

const faces = "which needs a network that recognises faces";

/** Width of a face's vector as networks that recognise faces give it. */
const faceWidth = 512;

/** Width of Kolors' latents. */
const kolorsWidth = 2048;

/** How wide the text is that the Stable Diffusions before SDXL attend to. */
const oldContexts: Readonly<Record<number, string>> = { 768: "1.5", 1024: "2.x" };

/**
 * What a file is that is not one of the IP-Adapters which are read, by names and shapes; undefined where it may be one. The order
 * matters: what comes first has names of what comes later, too.
 */
export function otherAdapter(tensors: WeightMap): string | undefined {
  const keys = [...tensors.keys()];
  const some = (pattern: RegExp): boolean => keys.some((key) => pattern.test(key));
  const shapeOf = (pattern: RegExp): readonly number[] =>
    tensors.get(keys.find((key) => pattern.test(key)) ?? "")?.shape ?? [];
  const hasPicture = some(/^image_proj(_model)?\./);
  const hasKeys = some(/^(ip_adapter|adapter_modules)\.\d+\.to_k_ip\./);
  if (!hasPicture && !hasKeys) return recogniseForeign(tensors);
  if (some(/^image_proj(_model)?\.proj\.3\.weight$/))
    return "an IP-Adapter full face, made for Stable Diffusion 1.5";
  if (some(/^image_proj(_model)?\.perceiver_resampler\./)) return `an IP-Adapter FaceID plus, ${faces}`;
  if (some(/^(ip_adapter|adapter_modules)\.\d+\.to_q_lora\./)) return `an IP-Adapter FaceID, ${faces}`;
  if (some(/^image_proj(_model)?\.proj\.0\.weight$/)) return `an IP-Adapter FaceID portrait, ${faces}`;
  if (shapeOf(/^image_proj(_model)?\.proj_in\.weight$/)[1] === faceWidth)
    return `an IP-Adapter FaceID portrait unnorm, or InstantID's adapter, ${faces}`;
  if (shapeOf(/^image_proj(_model)?\.layers\.0\.0\.to_out\.weight$/)[0] === kolorsWidth)
    return "an IP-Adapter for Kolors";
  const context = shapeOf(/^(ip_adapter|adapter_modules)\.\d+\.to_k_ip\.weight$/)[1] ?? 0;
  const version = oldContexts[context];
  if (version !== undefined) return `an IP-Adapter for Stable Diffusion ${version}`;
  if (!hasKeys) return "half an IP-Adapter, without the keys and values of cross-attentions (`ip_adapter`)";
  if (!hasPicture) return "half an IP-Adapter, without what reads pictures (`image_proj`)";
  return some(/^image_proj(_model)?\.(latents|proj\.weight)$/)
    ? undefined
    : "an IP-Adapter of an unknown kind (neither `latents` nor `proj.weight` in its image_proj)";
}
