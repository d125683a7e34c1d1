/** An answer as it came over the line: the body with its chunks put together. */
export type RawAnswer = Readonly<{ status: number; headers: Headers; body: Buffer }>;

/** What `json.dumps` writes: a blank after commas and colons, everything in ASCII. */
export function jsonDumps(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(jsonDumps).join(", ")}]`;
  if (typeof value === "object" && value !== null)
    return `{${Object.entries(value)
      .map(([key, item]) => `${jsonDumps(key)}: ${jsonDumps(item)}`)
      .join(", ")}}`;
  return JSON.stringify(value).replaceAll(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/**
 * What `requests.post(url=..., data=json.dumps(...))` puts on the line, over a socket of its own, so that nothing is added:
 * no content type above all.
 */
export const requestsPost = (url: string, params: unknown): Promise<RawAnswer> =>
  exchange(url, (host, path) => {
    const data = jsonDumps(params);
    return `POST ${path} HTTP/1.1\r\nHost: ${host}\r\n${pythonHeaders}Content-Length: ${data.length}\r\n\r\n${data}`;
  });

/** What `requests.get(url)` puts on the line. */
export const requestsGet = (url: string): Promise<RawAnswer> =>
  exchange(url, (host, path) => `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${pythonHeaders}\r\n`);

const pythonHeaders =
  "User-Agent: python-requests/2.32.3\r\nAccept-Encoding: gzip, deflate\r\nAccept: */*\r\nConnection: keep-alive\r\n";

/** Python's `iter_lines`. */
export const iterLines = (body: Buffer): readonly string[] => body.toString().split(/\r\n|\n|\r/);

async function exchange(address: string, write: (host: string, path: string) => string): Promise<RawAnswer> {
  const { host, hostname, port, pathname, search } = new URL(address);
  const { promise, resolve, reject } = Promise.withResolvers<RawAnswer>();
  let received = Buffer.alloc(0);
  const socket = await Bun.connect({
    hostname,
    port: Number(port),
    socket: {
      data: (_socket, data) => {
        received = Buffer.concat([received, data]);
        const answer = complete(received);
        if (answer !== undefined) resolve(answer);
      },
      close: () =>
        reject(new Error(`closed after ${received.length} bytes: ${received.toString("latin1", 0, 200)}`)),
    },
  });
  try {
    socket.write(write(host, pathname + search));
    return await promise;
  } finally {
    socket.end();
  }
}

/** The answer once all of it is there, by its length or its last chunk. */
function complete(received: Buffer): RawAnswer | undefined {
  const end = received.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const [first = "", ...lines] = received.toString("latin1", 0, end).split("\r\n");
  const headers = new Headers(
    lines.map((line): [string, string] => [
      line.slice(0, line.indexOf(":")),
      line.slice(line.indexOf(":") + 1).trim(),
    ]),
  );
  const rest = received.subarray(end + 4);
  const body =
    headers.get("transfer-encoding") === "chunked"
      ? unchunked(rest)
      : rest.length >= Number(headers.get("content-length") ?? 0)
        ? rest
        : undefined;
  return body === undefined ? undefined : { status: Number(first.split(" ")[1]), headers, body };
}

function unchunked(bytes: Buffer): Buffer | undefined {
  const parts: Buffer[] = [];
  let at = 0;
  for (;;) {
    const line = bytes.indexOf("\r\n", at);
    if (line < 0) return undefined;
    const size = Number.parseInt(bytes.toString("latin1", at, line), 16);
    if (size === 0) return Buffer.concat(parts);
    at = line + 2 + size + 2;
    if (at > bytes.length) return undefined;
    parts.push(bytes.subarray(line + 2, line + 2 + size));
  }
}
