import type { Log } from "#/lib/log.ts";
import { answerWithId, giveId, requestIdOf } from "./request-id.ts";
import { shownPath } from "./shown-path.ts";
import { whenRead } from "./when-read.ts";

/** What takes longer than its answer: an event stream, or the live channel. */
export type Connection = "stream" | "socket";

/** A request that is over. */
export type Exchange = Readonly<{
  method: string;
  /** As it is declared; none for what no route takes. */
  route: string | undefined;
  /** 101 for the live channel; 499, as nginx has it, where the client left before there was an answer. */
  status: number;
  /** Until there was an answer; of a connection, until it ended. */
  milliseconds: number;
  connection: Connection | undefined;
}>;

/** Who counts requests. */
export type RequestMeter = Readonly<{
  began: (connection: Connection) => void;
  over: (exchange: Exchange) => void;
}>;

/** What is said and counted of requests. */
export type Observation = Readonly<{
  log: Log;
  meter?: RequestMeter;
  /** Name of the route that a path belongs to. */
  routeOf: (pathname: string) => string | undefined;
}>;

/** Nobody reads the answer any more: it is neither right nor wrong. */
const left = 499;

type Answering = (...given: unknown[]) => unknown;

/**
 * One line of the log a request, and its id in the answer. An event stream is told when it has ended, the live channel by
 * {@link observeSocket}; what only looks at the server or loads a page is told at level debug.
 *
 * @param answering what answers this request; Elysia does not say more of its type
 * @returns the same, observed
 */
export function observed(answering: Answering, request: Request, observation: Observation): Answering {
  return (...given) => {
    const began = performance.now();
    const id = giveId(request);
    const told = (answer: unknown): unknown => {
      // Upgraded: its end is told by whoever has the socket.
      if (!(answer instanceof Response)) return answer;
      answerWithId(answer, id);
      const status = request.signal.aborted ? left : answer.status;
      if (!isStream(answer)) {
        tell(request, { status, began, connection: undefined }, observation);
        return answer;
      }
      observation.meter?.began("stream");
      return whenRead(answer, () => tell(request, { status, began, connection: "stream" }, observation));
    };
    const answer = answering(...given);
    return answer instanceof Promise ? answer.then(told) : told(answer);
  };
}

/** Observes a socket that is about to be opened. @returns to be called when it is closed */
export function observeSocket(request: Request, observation: Observation): () => void {
  const began = performance.now();
  observation.meter?.began("socket");
  return () => tell(request, { status: 101, began, connection: "socket" }, observation);
}

const isStream = ({ headers }: Response): boolean =>
  headers.get("content-type")?.startsWith("text/event-stream") === true;

const sentences = {
  answer: "a request was answered",
  stream: "an event stream ended",
  socket: "a live connection ended",
} as const;

/** Looks at the server, or loads a page or what belongs to it; asked for all the time, and nothing comes of it. */
const quiet =
  /^\/(?:$|healthz$|readyz$|metrics$|dashboard(?:\/|$)|thumbnails\/|docs(?:\/|$)|redoc$|openapi\.json$)/;

type Ended = Readonly<{ status: number; began: number; connection: Connection | undefined }>;

function tell(
  request: Request,
  { status, began, connection }: Ended,
  { log, meter, routeOf }: Observation,
): void {
  const { method } = request;
  const url = URL.parse(request.url);
  const milliseconds = performance.now() - began;
  if (meter !== undefined) {
    const route = url === null ? undefined : routeOf(url.pathname);
    meter.over({ method, route, status, milliseconds, connection });
  }
  const isQuiet = method === "OPTIONS" || (url !== null && quiet.test(url.pathname));
  const level = status >= 500 ? "warn" : isQuiet ? "debug" : "info";
  log[level](sentences[connection ?? "answer"], {
    method,
    path: url === null ? undefined : shownPath(url),
    status,
    ms: Math.round(milliseconds * 10) / 10,
    request: requestIdOf(request),
  });
}
