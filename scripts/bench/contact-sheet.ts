/**
 * `bun scripts/bench/contact-sheet.ts [--url http://127.0.0.1:7866] [--out docs/demo.webp]`: the README's picture. A
 * server (its own, if none is named) draws one prompt a shape in every fast mode, with default settings, and with a style's LoRA.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { draw, fixedPrompts, modes } from "./quality/measure.ts";
import { contactSheet, type SheetCell } from "./quality/sheet.ts";
import { startSourceServer } from "./quality/source-server.ts";

const { values } = parseArgs({
  options: {
    url: { type: "string" },
    out: { type: "string", default: join(import.meta.dir, "../../docs/demo.webp") },
  },
});
const neon = { enabled: true, model_name: "fooocusd-demo-neon.safetensors", weight: 1 };
const rows = [
  { heading: "Lightning: 4 steps", settings: modes.lightning.settings },
  { heading: "Hyper-SD: 4 steps", settings: modes.hyper.settings },
  { heading: "Extreme Speed: 8 steps", settings: modes.extreme.settings },
  { heading: "Default settings: 30 steps", settings: modes.default.settings },
  { heading: "The same with the neon LoRA", settings: { ...modes.default.settings, loras: [neon] } },
];
const server =
  values.url === undefined ? await startSourceServer() : { url: values.url, close: async () => {} };
try {
  const cells: SheetCell[] = [];
  for (const { settings } of rows) {
    for (const { prompt, seed } of fixedPrompts(10)) {
      cells.push({ image: await draw(server.url, prompt, seed, settings), caption: prompt });
    }
  }
  const headings = rows.map(({ heading }) => heading);
  const sheet = await contactSheet(cells, { columns: 10, width: 112, height: 112, headings });
  await Bun.write(values.out, sheet);
  console.log(`${values.out}: ${(sheet.length / 1000).toFixed(0)} kB`);
} finally {
  await server.close();
}
