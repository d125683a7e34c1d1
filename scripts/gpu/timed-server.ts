import { dirname } from "node:path";
import { follow, opened, type Server, seconds, start } from "../bench/full-size/through-server.ts";
import { models } from "./models.ts";
import type { Plan } from "./plan.ts";
import { middle } from "./step.ts";

/** What a picture took, in seconds. */
export type Timed = Readonly<{
  /** From the request to the end of the first step, less one step: files are mapped, networks opened, texts encoded. */
  opening: number;
  /** The middle one of all steps after the first. */
  step: number;
  /** From latent to pixels. */
  decoding: number;
  whole: number;
  /** Networks that were opened for it, and how long each took. */
  opened: Readonly<Record<string, number>>;
}>;

/** Starts a server on the plan's models and a device. */
export const serverOn = (plan: Plan, device: string): Promise<Server> =>
  start({
    folder: dirname(models(plan).folder),
    flags: [...["--providers", device], ...(plan.cuda === undefined ? [] : ["--cuda-libraries", plan.cuda])],
    root: plan.work,
  });

/**
 * Draws a picture without previews and measures it.
 *
 * @throws Error with the task's record where there is none
 */
export async function timedPicture(
  server: Server,
  { sizes }: Plan,
  asked: Readonly<Record<string, unknown>> & Readonly<{ steps: number }>,
): Promise<Timed> {
  const { steps, ...fields } = asked;
  const lines = server.lines().length;
  const from = Date.now();
  const { reached, data, at } = await follow(server.url, {
    overwrite_width: sizes.side,
    overwrite_height: sizes.side,
    overwrite_step: steps,
    disable_preview: true,
    // Nothing is known of it, so that no text that was encoded before serves.
    prompt: `a lighthouse on a cliff, number ${from}`,
    ...fields,
  });
  if (data["status"] !== "finished") throw new Error(JSON.stringify(data).slice(0, 1000));
  const moments = Array.from({ length: steps }, (_, i) => reached.get(`step ${i + 1}`));
  const each = moments.slice(1).map((moment, i) => seconds(moments[i], moment));
  const first = seconds(from, moments[0]);
  const step = each.length === 0 ? first : middle(each);
  return {
    opening: first - step,
    step,
    decoding: seconds(reached.get("decoding") ?? moments.at(-1), at),
    whole: seconds(from, at),
    opened: opened(server.lines().slice(lines)),
  };
}
