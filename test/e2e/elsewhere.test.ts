import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import sharp from "sharp";
import { draw } from "../../scripts/bench/quality/measure.ts";
import { type SourceServer, startSourceServer } from "../../scripts/bench/quality/source-server.ts";
import asked from "../golden/elsewhere/request.json" with { type: "json" };

/** The demo checkpoint's picture in other programs that open its file as it is (scripts/train/elsewhere.py). */
setDefaultTimeout(300_000);

let server: SourceServer;
beforeAll(async () => {
  server = await startSourceServer();
});
afterAll(() => server?.close());

const pixels = (picture: Uint8Array | string): Promise<Buffer> =>
  sharp(picture).removeAlpha().raw().toBuffer();

test.each(["diffusers", "fooocus"])(
  "the demo's picture is the one that %s draws, within 2 levels of 255",
  async (program) => {
    const { prompt, image_seed, ...settings } = asked;
    const ours = await pixels(await draw(server.url, prompt, image_seed, settings));
    const theirs = await pixels(join(import.meta.dir, `../golden/elsewhere/${program}.webp`));
    expect(ours.length).toBe(theirs.length);
    let [sum, most] = [0, 0];
    for (const [at, value] of ours.entries()) {
      const apart = Math.abs(value - (theirs[at] ?? 0));
      sum += apart;
      most = Math.max(most, apart);
    }
    expect(most).toBeLessThanOrEqual(2);
    expect(sum / ours.length).toBeLessThan(0.02);
  },
);
