import http, { type IncomingMessage } from "node:http";
import https from "node:https";
import { bodyOf } from "./body-of.ts";

/** Where a name was found to be; `family` is 4 or 6. */
export type Address = Readonly<{ address: string; family: number }>;

export type ExchangeRequest = Readonly<{
  method: "GET" | "POST";
  headers?: Readonly<Record<string, string>>;
  body?: string;
  /** `status`: the answer's first line and header are all that is wanted, and its end is not waited for. */
  wants?: "body" | "status";
}>;

export type ExchangeLimits = Readonly<{
  /** Largest body in bytes, as it comes and when it is unpacked. */
  maxBytes: number;
  /** Ends the exchange in whatever phase it is; nothing of it stays open. */
  signal: AbortSignal;
}>;

export type ExchangeAnswer = Readonly<{
  status: number;
  contentType: string;
  body: Uint8Array;
  /** Of a redirect, which has no body here. */
  location?: string;
}>;

/** Bytes of a header; a longer one ends the exchange. */
const maxHeaderSize = 16 * 1024;

/** What a peer that is not listened to any more may still send, and for how long, before it is cut off. */
const politeBytes = 100_000;
const politeMilliseconds = 1000;

/**
 * One request and its answer over a connection of its own, to an address that was checked.
 *
 * @throws Error whose message is the reason, to be put behind "was not fetched:"
 */
export function exchange(
  url: URL,
  address: Address,
  request: ExchangeRequest,
  { maxBytes, signal }: ExchangeLimits,
): Promise<ExchangeAnswer> {
  return new Promise((fulfil, reject) => {
    const client = url.protocol === "https:" ? https : http;
    const outgoing = client.request(url, {
      method: request.method,
      // What a peer packs all the same is unpacked below.
      headers: { "user-agent": "fooocusd", accept: "*/*", "accept-encoding": "identity", ...request.headers },
      agent: false,
      maxHeaderSize,
      lookup: (_host, options, done) => {
        if (options.all === true) done(null, [{ ...address }]);
        else done(null, address.address, address.family);
      },
    });
    const stop = (): void => void outgoing.destroy();
    const fail = (reason: string, cause?: unknown): void => {
      signal.removeEventListener("abort", late);
      stop();
      reject(new Error(reason, { cause }));
    };
    const late = (): void => fail("the time for it is over");
    signal.addEventListener("abort", late);
    outgoing.on("error", (cause) => fail("no connection", cause));
    outgoing.on("upgrade", () => fail("it changes to another protocol"));
    outgoing.on("response", (incoming) => {
      const status = incoming.statusCode ?? 0;
      const contentType = incoming.headers["content-type"] ?? "";
      const { location } = incoming.headers;
      const answered = (body: Uint8Array, more: Pick<ExchangeAnswer, "location"> = {}): void => {
        signal.removeEventListener("abort", late);
        fulfil({ status, contentType, body, ...more });
      };
      if (status >= 300 && status < 400 && location !== undefined) {
        answered(new Uint8Array(), { location });
        return stop();
      }
      if (request.wants === "status") {
        answered(new Uint8Array());
        return dismiss(incoming, stop);
      }
      bodyOf(incoming, maxBytes).then(answered, (thrown: unknown) =>
        fail(thrown instanceof Error ? thrown.message : String(thrown), thrown),
      );
    });
    outgoing.end(request.body);
  });
}

/** Lets a peer end its answer, so that it sees no broken connection, but not for long. */
function dismiss(incoming: IncomingMessage, stop: () => void): void {
  const timer = setTimeout(stop, politeMilliseconds);
  timer.unref();
  let size = 0;
  incoming.on("data", (chunk: Uint8Array) => {
    size += chunk.byteLength;
    if (size > politeBytes) stop();
  });
  incoming.on("close", () => clearTimeout(timer));
  incoming.on("error", () => undefined);
}
