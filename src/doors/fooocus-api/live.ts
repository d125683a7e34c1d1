import { Elysia } from "elysia";
import { BadMessage, type LiveMessage, readLiveMessage } from "#/api/live.ts";
import { refusalAnswer } from "#/api/openapi.ts";
import { RequestError } from "#/lib/errors.ts";
import type { Log } from "#/lib/log.ts";
import { type AddressBook, addressesFor } from "#/routes/answers/addresses.ts";
import { type AuthOptions, headerKeys, keyFits } from "#/routes/http/auth.ts";
import { mayRead } from "#/routes/http/cors.ts";
import { jsonReply } from "#/routes/http/replies.ts";
import { requestIdOf } from "#/routes/http/request-id.ts";
import type { Tasks } from "#/tasks/life-cycle/tasks.ts";
import { greet, type LiveServices, obey, refusalOf } from "./live/commands.ts";
import { Hub } from "./live/hub.ts";
import { closeCodes, type LiveLimits, liveLimits } from "./live/limits.ts";
import { Peer } from "./live/peer.ts";

export type LiveDependencies = Readonly<{
  tasks: Tasks;
  auth: AuthOptions;
  corsOrigins: readonly string[];
  log: Log;
  liveLimits?: LiveLimits;
  addresses?: AddressBook;
  observeSocket?: (request: Request) => () => void;
}>;

/**
 * The live channel: one WebSocket to make pictures, follow and steer everything. Elysia's own `ws` parses messages into
 * numbers that lose digits, so the upgrade is ours; Elysia's handlers pass everything on to the data of a socket.
 */
export const liveRoute = ({ tasks, auth, corsOrigins, log, ...parts }: LiveDependencies) => {
  const limits = parts.liveLimits ?? liveLimits;
  const shared = { tasks, hub: new Hub(tasks, limits), keys: auth.keys, log };
  return new Elysia({ name: "doors/fooocus-api/live" }).get(
    "/v1/live",
    ({ request, server }): Response | undefined => {
      checkOrigin(request, corsOrigins, auth.keys.length > 0);
      const addresses = addressesFor(request, parts.addresses);
      const services = { ...shared, addresses, requestId: requestIdOf(request) };
      const data = connection(services, limits, {
        ...saidBy(request),
        observe: () => parts.observeSocket?.(request),
      });
      // Once upgraded, what is returned goes nowhere.
      if (server?.upgrade(request, { data }) === true) return undefined;
      return jsonReply({ detail: "This is a WebSocket: connect with Upgrade: websocket." }, 426);
    },
    {
      detail: {
        tags: ["Live"],
        operationId: "live",
        summary: "WebSocket: make pictures, follow and steer everything",
        responses: {
          101: { description: "The live channel; docs/live.md describes its messages." },
          403: refusalAnswer("Pages of this origin may not connect."),
          426: refusalAnswer("The request was no WebSocket upgrade."),
        },
      },
    },
  );
};

/**
 * A browser sends no question beforehand for a WebSocket, so the origin is checked here. Our own pages may always;
 * `null` is any file or sandbox, and no owner of a key or a list means that.
 *
 * @throws RequestError `forbidden`
 */
function checkOrigin({ headers }: Request, allowed: readonly string[], hasKeys: boolean): void {
  const origin = headers.get("origin");
  if (origin === null || URL.parse(origin)?.host === headers.get("host")) return;
  const nameless = origin === "null" && (hasKeys || allowed.length > 0);
  if (!nameless && mayRead(origin, allowed)) return;
  throw new RequestError(
    "forbidden",
    `Pages of ${origin.slice(0, 200)} may not connect; cors_origins lists who may.`,
  );
}

/** Characters of the message that says the key. */
const longestKey = 4096;

type Socket = Bun.ServerWebSocket<unknown>;
type Data = string | Uint8Array;

/** The keys in a connection's headers, and whether they are all that its client will say. */
type Said = Readonly<{ keys: readonly string[]; isAll: boolean }>;

/** A bearer's token may be a proxy's own, before a browser that can say its key in a message only. */
const saidBy = (request: Request): Said => ({
  keys: headerKeys(request),
  isAll: request.headers.has("x-api-key"),
});

/** Is called when the socket is open; what it gives, when it is closed. */
type Observed = Readonly<{ observe: () => (() => void) | undefined }>;

/** What the server calls for one socket, in the form that Elysia hands on. */
function connection(services: LiveServices, limits: LiveLimits, said: Said & Observed) {
  const { tasks, hub, keys, addresses } = services;
  let peer: Peer | undefined;
  let over: (() => void) | undefined;
  const waiting: Data[] = [];
  const heard = (): void => peer?.heard(Date.now());
  return {
    open: (socket: Socket): void => {
      over = said.observe();
      const locked = keys.length > 0 && !said.keys.some((key) => keyFits(keys, key));
      peer = new Peer(socket, limits, locked, Date.now());
      hub.join(peer, addresses);
      if (!locked) greet(peer, tasks);
      else if (said.isAll) peer.close(closeCodes.noKey, "this is not a key");
    },
    message: (_socket: Socket, data: Data): void => {
      heard();
      if (peer === undefined) return;
      waiting.push(data);
      if (waiting.length === 1) void receiveAll(waiting, peer, services);
      else if (waiting.length > limits.waitingMessages)
        peer.close(closeCodes.tooMany, "too many messages at once; wait for replies");
    },
    drain: (): void => peer?.drained(),
    ping: heard,
    pong: heard,
    close: (): void => {
      over?.();
      if (peer === undefined) return;
      peer.left();
      hub.leave(peer);
    },
  };
}

/**
 * Begins with one message a turn of the event loop, so that a flood of them leaves everybody else their turn. What a
 * message sets going, such as making a picture, is not waited for.
 */
async function receiveAll(waiting: Data[], peer: Peer, services: LiveServices): Promise<void> {
  for (let data = waiting[0]; data !== undefined && !peer.closed; data = waiting[0]) {
    void receive(data, peer, services);
    await new Promise((resolve) => setImmediate(resolve));
    waiting.shift();
  }
  waiting.length = 0;
}

/** Never throws: what is wrong with a message is said to who sent it. */
async function receive(data: Data, peer: Peer, services: LiveServices): Promise<void> {
  let message: LiveMessage | undefined;
  // Who has no key yet gets no long text read.
  if (peer.locked && data.length > longestKey) return peer.close(closeCodes.noKey, "say the key first");
  try {
    if (typeof data !== "string")
      throw new BadMessage("A message is text; binary frames come from the server.", null, null);
    message = readLiveMessage(data);
    if (peer.locked && message.type !== "auth") return peer.close(closeCodes.noKey, "say the key first");
    peer.judge(true);
    await obey(message, peer, services);
  } catch (thrown) {
    if (peer.locked) return peer.close(closeCodes.noKey, "say the key first");
    peer.reply(refusalOf(thrown, message, services.log));
    if (message === undefined) peer.judge(false);
  }
}
