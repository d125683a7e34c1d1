import type { GenerateRequest } from "#/api/generate.ts";
import { RequestError } from "#/lib/errors.ts";
import type { Preparation } from "./prepare.ts";

/** Refusals that are foreseen of one request; beyond them there is no use in more. */
const mostForeseen = 10;

/**
 * What would be said of a request if it were posted now: why it would be refused, each reason as if the others were mended,
 * and what a record would warn of. Nothing is kept.
 *
 * @param request without images
 */
export async function foresee(
  request: GenerateRequest,
  { considered }: Pick<Preparation, "considered">,
): Promise<readonly string[]> {
  const told: string[] = [];
  let rest: GenerateRequest = request;
  while (told.length < mostForeseen) {
    try {
      return [...told, ...(await considered(rest)).warnings];
    } catch (thrown) {
      if (!(thrown instanceof RequestError)) throw thrown;
      const less = withoutFault(rest, thrown.details.field);
      // What took the place of something that was left out here is not the request's.
      if (less === undefined && told.length > 0) return told;
      told.push(`The request would be refused: ${thrown.message}`);
      if (less === undefined) return told;
      rest = less;
    }
  }
  return told;
}

/** The request without what a refusal names; undefined if it did not say that itself. */
function withoutFault(request: GenerateRequest, field: unknown): GenerateRequest | undefined {
  const [name = "", index] = typeof field === "string" ? field.split(".") : [];
  if (!Object.hasOwn(request, name)) return undefined;
  if (name === "loras" && index !== undefined)
    return { ...request, loras: (request.loras ?? []).filter((_, at) => at !== Number(index)) };
  return Object.fromEntries(Object.entries(request).filter(([key]) => key !== name));
}
