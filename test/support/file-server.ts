import net from "node:net";

/** A request for a file, as a server of one sees it. */
export type Asked = Readonly<{ path: string; range: number | undefined; ifRange: string | undefined }>;

/** Writes an answer as it is; what it does not write is not sent, and the connection ends behind it. */
export type Answer = Readonly<{
  status: number;
  headers?: Readonly<Record<string, string | number>>;
  body?: Uint8Array<ArrayBuffer>;
  /** Ends before what it promised; a while after what it sent. */
  isCutOff?: boolean;
}>;

/** A server that says and sends exactly what a test wants: also what no library would. */
export type FileServer = Readonly<{
  url: string;
  asked: readonly Asked[];
  close: () => void;
}>;

/** @param answer to the n-th request, from 0 */
export async function fileServer(answer: (asked: Asked, n: number) => Answer): Promise<FileServer> {
  const asked: Asked[] = [];
  const server = net.createServer((socket) => {
    let text = "";
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => {
      text += bytes.toString("latin1");
      if (!text.includes("\r\n\r\n")) return;
      const one = read(text);
      text = "";
      const { status, headers = {}, body, isCutOff } = answer(one, asked.push(one) - 1);
      const lines = Object.entries({ connection: "close", ...headers }).map(
        ([name, value]) => `${name}: ${value}\r\n`,
      );
      socket.write(`HTTP/1.1 ${status} Status\r\n${lines.join("")}\r\n`);
      if (body !== undefined) socket.write(body);
      // What arrives together with the end of a broken connection is lost to clients that read streams.
      setTimeout(() => socket.end(), isCutOff === true ? 100 : 0);
    });
  });
  await new Promise<void>((fulfil) => server.listen(0, "127.0.0.1", fulfil));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return { url: `http://127.0.0.1:${port}`, asked, close: () => void server.close() };
}

function read(head: string): Asked {
  const header = (name: string) => new RegExp(`^${name}: *(.*?)\\r$`, "im").exec(head)?.[1];
  const range = /^bytes=(\d+)-$/.exec(header("range") ?? "")?.[1];
  return {
    path: /^GET (\S+)/.exec(head)?.[1] ?? "",
    range: range === undefined ? undefined : Number(range),
    ifRange: header("if-range"),
  };
}

/** An honest answer: the rest from where it is asked, if the tag is still the file's. */
export function honest(file: Uint8Array<ArrayBuffer>, { range, ifRange }: Asked, tag: string): Answer {
  const from = range !== undefined && (ifRange === undefined || ifRange === tag) ? range : undefined;
  const headers = { etag: tag, "accept-ranges": "bytes" };
  if (from === undefined)
    return { status: 200, headers: { ...headers, "content-length": file.length }, body: file };
  const body = file.subarray(from);
  const shown = `bytes ${from}-${file.length - 1}/${file.length}`;
  return {
    status: 206,
    headers: { ...headers, "content-range": shown, "content-length": body.length },
    body,
  };
}

/** The same, cut off after so many bytes, though it promises all. */
export const cutOff = (answer: Answer, bytes: number): Answer => ({
  ...answer,
  isCutOff: true,
  body: (answer.body ?? new Uint8Array()).subarray(0, bytes),
});
