import type { EngineState } from "#/engine/engine.ts";

/** Who is asked how the engines are is told of the one that says most about what goes on. */
const telling = [
  "busy",
  "ready",
  "starting",
  "restarting",
  "failed",
] as const satisfies readonly EngineState["state"][];

/**
 * The engines as the one that clients know: of one engine its own state; of several that of a working one before that of
 * one that broke, with the networks of all.
 */
export function stateOf(engines: readonly EngineState[]): EngineState {
  const [first, ...others] = engines.toSorted((a, b) => telling.indexOf(a.state) - telling.indexOf(b.state));
  if (first === undefined) return { state: "failed", device: null, refused: [], loaded: [] };
  return others.length === 0 ? first : { ...first, loaded: engines.flatMap(({ loaded }) => loaded) };
}
