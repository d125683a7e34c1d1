import { issuesOf, Refused } from "./complaint.ts";
import { parsePreview } from "./preview-frame.ts";
import { Locked, Missing, type Server } from "./server.ts";
import { splitEvents } from "./split-events.ts";
import type { Link } from "./state.ts";
import { isObject, textOf } from "./values.ts";
import { type LiveMessage, parseMessage } from "./wire.ts";

export type Listener = Readonly<{
  link: (link: Link) => void;
  message: (message: LiveMessage) => void;
  preview: (taskId: string, url: string) => void;
}>;

const retryMilliseconds = 2000;
/** Characters of a request that goes over the live channel. */
const largestCommand = 1_000_000;

/**
 * News from the server and the way to ask it for something: the WebSocket, or, where that is refused (an old proxy),
 * the event stream and plain requests, or nothing but requests. Comes back by itself and misses nothing, since it says what it has seen.
 */
export class Connection {
  readonly #server: Server;
  readonly #listener: Listener;
  readonly #replies = new Map<string, (message: LiveMessage) => void>();
  readonly #abort = new AbortController();
  #socket: WebSocket | undefined;
  #seq: number | undefined;
  #greeted = false;
  #refusals = 0;
  #asked = 0;

  constructor(server: Server, listener: Listener) {
    this.#server = server;
    this.#listener = listener;
    this.#connect();
  }

  /** True while commands that only the WebSocket knows (pausing the queue) can be given. */
  get canCommand(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN && this.#greeted;
  }

  close(): void {
    this.#abort.abort();
    this.#socket?.close();
  }

  /**
   * Submits a request. One with pictures in it goes the plain way: one that is too large for the server would end the live
   * channel, not be refused.
   *
   * @throws Refused with the server's reason
   */
  async generate(request: Readonly<Record<string, unknown>>): Promise<void> {
    const body = JSON.stringify({ ...request, async_process: true });
    if (this.canCommand && body.length <= largestCommand) {
      await this.command({ type: "generate", request });
      return;
    }
    const headers = { "Content-Type": "application/json" };
    await this.#server.ask("v1/engine/generate/", { method: "POST", headers, body });
  }

  /** Stops or skips the running task, or takes a waiting one out of the line. */
  async control(taskId: string, action: "stop" | "skip" | "cancel"): Promise<void> {
    if (this.canCommand) {
      await this.command({ type: "control", task_id: taskId, action });
      return;
    }
    // Skipping is for the running task only, so that route does not ask which.
    const path = action === "skip" ? "v1/engine/control?action=skip" : `tasks/${taskId}/cancel`;
    await this.#server.ask(path, { method: "POST" });
  }

  /** One message and its reply. @throws Error with the server's words, or when the connection goes first */
  command(message: LiveMessage): Promise<LiveMessage> {
    const id = `c${++this.#asked}`;
    return new Promise((resolve, reject) => {
      this.#replies.set(id, (reply) => {
        this.#replies.delete(id);
        if (reply.type !== "error") return resolve(reply);
        reject(new Refused(issuesOf(reply)));
      });
      this.#socket?.send(JSON.stringify({ ...message, id }));
    });
  }

  #connect(): void {
    if (this.#abort.signal.aborted) return;
    const address = new URL("v1/live", document.baseURI);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    this.#greeted = false;
    const socket = new WebSocket(address);
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    // Without a key something is said all the same: a server that wants one says so at once, not when time is up.
    const { key } = this.#server;
    const first = key === "" ? { type: "ping" } : { type: "auth", key };
    socket.addEventListener("open", () => socket.send(JSON.stringify(first)));
    socket.addEventListener("message", ({ data }) => this.#receive(data));
    socket.addEventListener("close", ({ code }) => this.#closed(code));
  }

  #receive(data: unknown): void {
    if (data instanceof ArrayBuffer) {
      const frame = parsePreview(data);
      if (frame === undefined) return;
      this.#listener.preview(
        frame.taskId,
        URL.createObjectURL(new Blob([frame.image], { type: frame.mime })),
      );
      return;
    }
    const message = typeof data === "string" ? parseMessage(data) : undefined;
    if (message === undefined) return;
    if (message.type === "hello") this.#begin();
    this.#hear(message);
  }

  #hear(message: LiveMessage): void {
    if (typeof message["seq"] === "number" && message.type !== "hello") this.#seq = message["seq"];
    const reply = typeof message["id"] === "string" ? this.#replies.get(message["id"]) : undefined;
    reply?.(message);
    this.#listener.message(message);
  }

  #begin(): void {
    this.#greeted = true;
    this.#refusals = 0;
    this.#listener.link("live");
    const since = this.#seq === undefined ? {} : { since: this.#seq };
    this.#socket?.send(JSON.stringify({ type: "subscribe", tasks: "all", previews: true, ...since }));
    this.#socket?.send(JSON.stringify({ type: "status" }));
  }

  #closed(code: number): void {
    const greeted = this.#greeted;
    this.#greeted = false;
    for (const reply of this.#replies.values()) reply({ type: "error", message: "The connection was lost." });
    if (this.#abort.signal.aborted) return;
    if (code === 4401) return this.#listener.link("locked");
    if (greeted) this.#listener.link("connecting");
    else this.#refusals++;
    const next = () => (this.#refusals >= 2 ? void this.#stream() : this.#connect());
    setTimeout(next, greeted ? 300 : retryMilliseconds / 2);
  }

  /** The second way: an event stream read by hand, since EventSource cannot send a key. */
  async #stream(): Promise<void> {
    try {
      const since = this.#seq === undefined ? "" : `&since=${this.#seq}`;
      const { body } = await this.#server.open(`v1/events?previews=1${since}`, {
        signal: this.#abort.signal,
      });
      this.#listener.link("events");
      let text = "";
      const decoder = new TextDecoder();
      const reader = body?.getReader();
      for (let part = await reader?.read(); part?.done === false; part = await reader?.read()) {
        const { data, rest } = splitEvents(text + decoder.decode(part.value, { stream: true }));
        text = rest;
        for (const one of data) this.#event(one);
      }
    } catch (error) {
      if (this.#abort.signal.aborted) return;
      if (error instanceof Missing) return this.#ask();
      this.#listener.link(error instanceof Locked ? "locked" : "offline");
      if (error instanceof Locked) return;
    }
    setTimeout(() => this.#connect(), retryMilliseconds);
  }

  /** The last way: where there are no events at all, the page reads the lists again and again. */
  async #ask(): Promise<void> {
    try {
      await this.#server.styles();
      this.#listener.link("asking");
      for (let round = 0; round < 20 && !this.#abort.signal.aborted; round++) {
        this.#listener.message({ type: "snapshot" });
        await new Promise((resolve) => setTimeout(resolve, retryMilliseconds / 2));
      }
    } catch (error) {
      this.#listener.link(error instanceof Locked ? "locked" : "offline");
      if (error instanceof Locked) return;
      await new Promise((resolve) => setTimeout(resolve, retryMilliseconds));
    }
    this.#connect();
  }

  #event(data: string): void {
    const message = parseMessage(data);
    if (message === undefined) return;
    const picture = Object.values(isObject(message["preview"]) ? message["preview"] : message).find(
      (value) => typeof value === "string" && value.startsWith("data:image/"),
    );
    if (typeof picture === "string") this.#listener.preview(textOf(message["task_id"]), picture);
    this.#hear(message);
  }
}
