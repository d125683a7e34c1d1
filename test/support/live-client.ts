/** A message of the live channel as a client sees it. */
export type Heard = Readonly<Record<string, unknown>> & Readonly<{ type: string }>;

/** A preview frame, taken apart as its description says. */
export type Frame = Readonly<{ header: Readonly<Record<string, unknown>>; picture: Uint8Array }>;

/** How a connection ended. */
export type Ended = Readonly<{ code: number; reason: string }>;

/** A client of the live channel that keeps everything it hears. */
export type LiveClient = Readonly<{
  heard: readonly Heard[];
  frames: readonly Frame[];
  ended: Promise<Ended>;
  say: (message: unknown) => void;
  /** Says something with an id and waits for the reply. */
  ask: (message: object) => Promise<Heard>;
  /** The first message of which this is true, heard before or yet to come. */
  until: (is: (message: Heard) => boolean) => Promise<Heard>;
  close: () => void;
}>;

/** Bun's client takes headers, which the browser's types do not know. */
const SocketWithHeaders = WebSocket as unknown as new (
  url: string,
  options: Readonly<{ headers: Record<string, string> }>,
) => WebSocket;

/**
 * Connects to `/v1/live`.
 *
 * @throws Error when the server refuses the upgrade
 */
export async function liveClient(url: string, headers: Record<string, string> = {}): Promise<LiveClient> {
  const socket = new SocketWithHeaders(`${url.replace("http", "ws")}/v1/live`, { headers });
  socket.binaryType = "arraybuffer";
  const heard: Heard[] = [];
  const frames: Frame[] = [];
  const waiting = new Set<() => void>();
  socket.addEventListener("message", ({ data }) => {
    if (typeof data === "string") heard.push(JSON.parse(data));
    else frames.push(frameOf(data));
    for (const look of waiting) look();
  });
  const ended = new Promise<Ended>((resolve) =>
    socket.addEventListener("close", ({ code, reason }) => {
      resolve({ code, reason });
      for (const look of waiting) look();
    }),
  );
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener("open", () => resolve());
    socket.addEventListener("error", () => reject(new Error("the server refused the connection")));
  });
  const say = (message: unknown): void =>
    socket.send(typeof message === "string" ? message : JSON.stringify(message));
  const until = (is: (message: Heard) => boolean): Promise<Heard> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => done(() => reject(new Error(`not heard: ${is.toString()}`))), 120_000);
      const done = (act: () => void): void => {
        clearTimeout(timer);
        waiting.delete(look);
        act();
      };
      const look = (): void => {
        const found = heard.find(is);
        if (found !== undefined) done(() => resolve(found));
        else if (socket.readyState > WebSocket.OPEN) done(() => reject(new Error("the connection ended")));
      };
      waiting.add(look);
      look();
    });
  let asked = 0;
  const ask = (message: object): Promise<Heard> => {
    asked += 1;
    const id = `ask-${asked}`;
    say({ ...message, id });
    return until((reply) => reply["id"] === id);
  };
  return { heard, frames, ended, say, ask, until, close: () => socket.close() };
}

function frameOf(data: ArrayBuffer): Frame {
  const view = new DataView(data);
  if (view.getUint32(0, false) !== 0x01_01_00_00) throw new Error("not version 1 of a preview");
  const length = view.getUint32(4, true);
  const header = JSON.parse(
    new TextDecoder("utf-8", { fatal: true }).decode(new Uint8Array(data, 8, length)),
  );
  return { header, picture: new Uint8Array(data, 8 + length) };
}
