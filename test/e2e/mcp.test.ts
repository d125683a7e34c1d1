import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import sharp from "sharp";
import { type RunningBinary, startBinary } from "../support/binary.ts";

setDefaultTimeout(300_000);

let server: RunningBinary;
beforeAll(async () => {
  server = await startBinary();
});
afterAll(() => server?.close());

type Content = Readonly<{ type: string; data?: string; uri?: string; mimeType?: string; text?: string }>;

/** The SDK's client at the binary's door. */
async function connected(mode: "auto" | "legacy") {
  const client = new Client({ name: "test", version: "1" }, { versionNegotiation: { mode } });
  await client.connect(new StreamableHTTPClientTransport(new URL(`${server.url}/mcp`)));
  const call = async (
    name: string,
    given: Record<string, unknown>,
    onprogress: (at: { progress: number }) => void = () => undefined,
  ) => {
    const result = await client.callTool({ name, arguments: given }, { onprogress, timeout: 240_000 });
    return { job: result.structuredContent, content: result.content as readonly Content[] };
  };
  return { client, call };
}

const pixelsOf = async (base64: string | undefined): Promise<Buffer> =>
  await sharp(Buffer.from(base64 ?? "", "base64"))
    .raw()
    .toBuffer();

for (const mode of ["auto", "legacy"] as const) {
  test(`the binary makes the picture of the main API, and edits it (${mode})`, async () => {
    const { client, call } = await connected(mode);
    const told: number[] = [];
    const given = { prompt: "a red circle on a blue background", performance: "Lightning", seed: 7 };
    const made = await call("generate", { ...given, size: "256x256" }, ({ progress }) => told.push(progress));
    expect(made.job).toMatchObject({
      status: "finished",
      pictures: [{ width: 256, height: 256, seed: "7" }],
    });
    expect(told.length).toBeGreaterThan(4);
    const answer = await fetch(`${server.url}/v1/engine/generate/`, {
      method: "POST",
      headers: { accept: "image/png" },
      body: JSON.stringify({
        prompt: given.prompt,
        performance_selection: "Lightning",
        image_seed: 7,
        aspect_ratios_selection: "256*256",
      }),
    });
    const direct = await pixelsOf(Buffer.from(await answer.arrayBuffer()).toString("base64"));
    const shown = made.content.find(({ type }) => type === "image");
    expect(await pixelsOf(shown?.data)).toEqual(direct);
    const link = made.content.find(({ type }) => type === "resource_link");
    const varied = await call("edit", {
      ...given,
      image: link?.uri,
      operation: "vary",
      prompt: "a green square",
    });
    expect(varied.job).toMatchObject({ status: "finished" });
    const another = varied.content.find(({ type }) => type === "image");
    expect(another?.mimeType).toBe("image/png");
    expect(await pixelsOf(another?.data)).not.toEqual(direct);
    await client.close();
  });
}
