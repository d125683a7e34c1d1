import { type LiveMessage, type TaskRecord } from "./wire.ts";

/** How the page hears of news: WebSocket, event stream, by asking, not at all, or not without a key. */
export type Link = "connecting" | "live" | "events" | "asking" | "offline" | "locked";

/** A task at hand. */
export type Running = Readonly<{
  id: string;
  percent: number;
  message: string;
  /** The server's word for what is being done. */
  stage: string;
  etaMs: number | null;
  /** Of the picture at hand, as far as it is drawn. */
  preview: string | null;
  /** Those that are finished. */
  images: readonly string[];
  /** Whether the picture at hand is finished: what still comes of it is late. */
  isBetween: boolean;
}>;

/** An engine's name and what it does. */
export type EngineWord = Readonly<{ name: string; state: string }>;

export type State = Readonly<{
  link: Link;
  device: string;
  engine: string;
  /** What each does, where there are several. */
  engines: readonly EngineWord[];
  paused: boolean;
  pending: readonly string[];
  /** In the order they were begun: one on each engine. */
  running: readonly Running[];
  /** Prompts by task, as they become known. */
  prompts: Readonly<Record<string, string>>;
  history: readonly TaskRecord[];
  /** Rises whenever the lists should be read anew. */
  stale: number;
  /** What became of the last task, for a screen reader. */
  news: string;
}>;

export type Action = Readonly<
  | { kind: "link"; link: Link }
  | { kind: "message"; message: LiveMessage }
  | { kind: "preview"; id: string; url: string }
  | { kind: "prompt"; id: string; prompt: string }
  | {
      kind: "lists";
      history: readonly TaskRecord[];
      pending: readonly TaskRecord[];
      current: readonly TaskRecord[];
    }
>;

export const initialState: State = {
  link: "connecting",
  device: "",
  engine: "",
  engines: [],
  paused: false,
  pending: [],
  running: [],
  prompts: {},
  history: [],
  stale: 0,
  news: "",
};
