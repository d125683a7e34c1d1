import { liveClient } from "../../../test/support/live-client.ts";
import { readEvents } from "../../../test/support/read-events.ts";

const small = {
  prompt: "a red circle",
  performance_selection: "Lightning",
  overwrite_width: 256,
  overwrite_height: 256,
};

/** Milliseconds in which what is not held back is there, on a busy machine too. */
const patience = 20_000;

/**
 * Uses a server through a proxy as clients do: a task whose events come while its stream is open, a WebSocket, a body of
 * 20 MB, addresses with the proxy's name.
 *
 * @throws Error for what does not get through
 */
export async function tryProxy(url: string, host: string): Promise<void> {
  const headers = { host };
  await answering(`${url}/readyz`, headers);
  const post = (body: object) =>
    fetch(`${url}/v1/engine/generate/`, { method: "POST", headers, body: JSON.stringify(body) });

  const left = new AbortController();
  const stream = readEvents(await fetch(`${url}/v1/events`, { headers, signal: left.signal }));
  const first = stream.next();
  const made = post(small);
  // The stream has no end, so what is told of it was not kept back.
  const told = await Promise.race([first, Bun.sleep(patience)]);
  if (told === undefined) throw new Error("an event stream is held back");
  const [picture = ""] = (await (await made).json()).result;
  if (!picture.startsWith(`http://${host}`)) throw new Error(`a picture's address is ${picture}`);
  left.abort();
  await stream.return(undefined).catch(() => undefined);

  const client = await liveClient(url, headers);
  await client.until(({ type }) => type === "hello");
  const { type } = await client.ask({ type: "ping", id: 1 });
  if (type !== "pong") throw new Error(`the live channel answers ${type}`);
  client.close();

  const large = await post({ image_number: "x".repeat(20_000_000) });
  if (large.status !== 422) throw new Error(`a body of 20 MB is answered with ${large.status}`);
}

async function answering(url: string, headers: Readonly<Record<string, string>>): Promise<void> {
  const deadline = Date.now() + patience;
  for (;;) {
    const answer = await fetch(url, { headers }).catch(() => undefined);
    if (answer?.ok === true) return;
    if (Date.now() > deadline) throw new Error(`not reached: ${answer?.status}`);
    await Bun.sleep(50);
  }
}
