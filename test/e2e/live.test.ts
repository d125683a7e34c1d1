import { expect, setDefaultTimeout, test } from "bun:test";
import { startBinary } from "../support/binary.ts";
import { type Heard, liveClient } from "../support/live-client.ts";

setDefaultTimeout(300_000);

const request = { prompt: "a red circle on a blue background", performance_selection: "Lightning" };
const storyOf = (heard: readonly Heard[], id: unknown) =>
  heard.filter(({ task_id, seq }) => task_id === id && seq !== undefined);

test("the binary speaks the live channel, and a reader that comes back after a restart has missed nothing", async () => {
  const first = await startBinary();
  try {
    const client = await liveClient(first.url);
    await client.ask({ type: "subscribe", tasks: "all", previews: true });
    const { task_id: done } = await client.ask({ type: "generate", request });
    const { task_id: next } = await client.ask({
      type: "generate",
      request: { ...request, image_number: 2 },
    });
    const { task_id: waiting } = await client.ask({ type: "generate", request, label: "waits" });
    await client.until(({ type, task_id }) => type === "settled" && task_id === done);
    expect(client.frames.length).toBeGreaterThan(0);
    await client.until(({ type, task_id }) => type === "started" && task_id === next);
    const since = Math.max(...client.heard.map(({ seq, type }) => (type === "hello" ? 0 : Number(seq ?? 0))));
    client.close();
    await first.terminate();

    const second = await first.restart();
    const back = await liveClient(second.url);
    const hello = await back.until(({ type }) => type === "hello");
    expect(hello["seq"]).toBeGreaterThanOrEqual(since);
    await back.ask({ type: "subscribe", tasks: "all", since });
    const settled = await back.until(({ type, task_id }) => type === "settled" && task_id === waiting);
    expect(settled["status"]).toBe("finished");
    // The one that ran ended while the server left, or runs again; the reader knows either way.
    expect(storyOf(back.heard, next).at(-1)).toMatchObject({ type: "settled", status: "finished" });
    await second.terminate();
  } finally {
    await first.close();
  }
});
