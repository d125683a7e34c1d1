/** Pictures of the demo model on a device beside the processor's: each way to one, and how many levels they are apart. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { draw } from "../../bench/quality/measure.ts";
import { startSourceServer } from "../../bench/quality/source-server.ts";
import { demoRequests } from "../demo-requests.ts";
import { type Apart, levelsApart } from "../levels.ts";
import { own, plan, tell } from "../step.ts";

const { pictures: folder, cuda, sizes } = plan();
const { device = "cpu" } = own();
mkdirSync(folder, { recursive: true });

const cards = ["--providers", device, ...(cuda === undefined ? [] : ["--cuda-libraries", cuda])];
const servers = await Promise.all([startSourceServer(cards), startSourceServer(["--providers", "cpu"])]);
const [card, processor] = servers;

type Row = Apart & Readonly<{ milliseconds: number }>;
const rows: Record<string, Row | Readonly<{ failed: string }>> = {};
const pixels = (png: Uint8Array) => sharp(png).removeAlpha().raw().toBuffer({ resolveWithObject: true });
try {
  for (const [name, request] of Object.entries(await demoRequests(sizes.demo.side, sizes.demo.steps))) {
    if (sizes.requests?.includes(name) === false) continue;
    const settings = { ...request };
    const prompt = String(request["prompt"]);
    try {
      // Both at once: the processor's is the slower one, and the card waits for nothing of it.
      const began = performance.now();
      const made = draw(card.url, prompt, 7, settings).then((png) => ({
        png,
        milliseconds: Math.round(performance.now() - began),
      }));
      const [one, other] = await Promise.all([made, draw(processor.url, prompt, 7, settings)]);
      const file = name.replaceAll(/\W+/g, "-");
      await Bun.write(join(folder, `${file}-${device}.png`), one.png);
      await Bun.write(join(folder, `${file}-processor.png`), other);
      const [a, b] = [await pixels(one.png), await pixels(other)];
      rows[name] = { ...levelsApart(a.data, b.data), milliseconds: one.milliseconds };
    } catch (thrown) {
      rows[name] = { failed: (thrown instanceof Error ? thrown.message : String(thrown)).slice(0, 500) };
      process.exitCode = 1;
    }
    tell({ pictures: rows, folder });
  }
} finally {
  for (const server of servers) await server.close();
}
