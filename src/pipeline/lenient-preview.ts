import { ModelError } from "#/lib/errors.ts";
import type { Log } from "#/lib/log.ts";
import type { Networks } from "#/runtime/models.ts";

/** A file that makes no previews is told of once a job, and costs no picture. */
export function lenientPreview(preview: Networks["preview"], log: Log): Networks["preview"] {
  let broken = false;
  return async (latent) => {
    if (broken) return undefined;
    try {
      return await preview(latent);
    } catch (thrown) {
      if (!(thrown instanceof ModelError)) throw thrown;
      broken = true;
      log.warn("previews are made of colours", { reason: thrown.message });
      return undefined;
    }
  };
}
