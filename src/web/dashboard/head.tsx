import type { Link, State } from "./state.ts";

const linkWords: Readonly<Record<Link, string>> = {
  connecting: "Connecting …",
  live: "Live",
  events: "Live (event stream)",
  asking: "Connected",
  offline: "The server does not answer",
  locked: "A key is needed",
};

/** What is said of an engine that is no failure: one that has not begun, or begins anew, opens its models when there is work. */
const engineWords: Readonly<Record<string, string>> = { starting: "ready", restarting: "ready" };

const wordOf = (engine: string): string => engineWords[engine] ?? engine;

/** More engines than have room in a line: a fleet. */
const several = 4;

/** The device and what is done on it, or what each of several engines does, or how many do what. */
function engineSaid({ engines, device, engine }: State): readonly string[] {
  if (engines.length < 2) return [device, wordOf(engine)];
  if (engines.length <= several) return engines.map(({ name, state }) => `${name} ${wordOf(state)}`);
  const words = engines.map(({ state }) => wordOf(state));
  const counted = [...new Set(words)].map((word) => `${words.filter((one) => one === word).length} ${word}`);
  return [`${engines.length} engines`, ...counted];
}

/** The name of the program, and how it is. */
export function Head({ state }: Readonly<{ state: State }>) {
  // What the engine did last says nothing of a server that is not heard.
  const isHeard = state.link !== "offline" && state.link !== "locked";
  const words = [linkWords[state.link], ...(isHeard ? engineSaid(state) : [])];
  return (
    <header class="top">
      <h1>fooocusd</h1>
      <span class={`state ${state.link}`} role="status">
        {words.filter((word) => word !== "").join(", ")}
      </span>
      <span class="spring" />
      <a href="docs">API</a>
    </header>
  );
}
