import { EngineError } from "#/lib/errors.ts";
import { mappingCount } from "./mappings.ts";

/** So near to the limit it is the limit that was met. */
const nearly = 64;

/** Whether an error says that memory did not suffice. */
export const isMemory = (thrown: unknown): thrown is EngineError =>
  thrown instanceof EngineError && thrown.code === "out-of-memory";

/**
 * A want of memory may be one of mappings: the system's word for both is the same.
 *
 * @param wanted mappings that were asked for
 * @param limit  mappings that the process may have
 * @returns what was thrown, or the error that names the limit which was met
 */
export function explained(thrown: unknown, wanted: number, limit: number | undefined): unknown {
  if (!isMemory(thrown) || limit === undefined) return thrown;
  const count = mappingCount();
  if (count + wanted < limit - nearly) return thrown;
  const words = thrown.cause instanceof Error ? thrown.cause.message.trim() : thrown.message;
  return new EngineError(
    "out-of-memory",
    `A network found no room: ${words} The process has ${count} memory mappings and wants ${wanted} more, the system ` +
      `allows ${limit}. Raise vm.max_map_count (sysctl -w vm.max_map_count=${4 * limit}, for a container on its host).`,
    { mappings: count, wanted, limit },
    thrown,
  );
}
