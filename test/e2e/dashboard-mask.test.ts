import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import sharp from "sharp";
import { type SourceServer, startSourceServer } from "../../scripts/bench/quality/source-server.ts";
import {
  chromiumPath,
  dropFile,
  nameless,
  openDashboard,
  pastePng,
  pixelsOf,
  savedMask,
  seenAt,
  startChromium,
  touch,
} from "../support/dashboard-page.ts";

setDefaultTimeout(300_000);
if (chromiumPath === undefined)
  process.stderr.write("dashboard-mask: skipped, no Chromium here (Debian package chromium)\n");
const screenshots = join(import.meta.dir, "../../dist/e2e");

const size = { width: 320, height: 200 };
const scene = new Uint8Array(
  await sharp({ create: { ...size, channels: 3, background: "#3465a4" } })
    .composite([
      {
        input: Buffer.from(
          '<svg width="320" height="200"><circle cx="90" cy="100" r="60" fill="gold"/></svg>',
        ),
      },
    ])
    .png()
    .toBuffer(),
);

type Dashboard = Awaited<ReturnType<typeof openDashboard>>;

/** The page with a picture on it, ready to be painted on. */
async function painting(dashboard: Dashboard, file: Uint8Array = scene, type = "image/png"): Promise<Page> {
  const { page } = dashboard;
  await dropFile(page, file, { name: "scene.png", type });
  await page.getByLabel("Inpaint or extend").check();
  await page.locator(".paper img").waitFor();
  return page;
}

async function drag(page: Page, from: { x: number; y: number }, to: { x: number; y: number }, frame = size) {
  const [start, end] = [await seenAt(page, frame, from), await seenAt(page, frame, to)];
  await page.mouse.move(start.x, start.y);
  await page.mouse.down();
  await page.mouse.move(end.x, end.y, { steps: 8 });
  await page.mouse.up();
}

/** Part of a mask that is white. */
const white = ({ data, channels }: Awaited<ReturnType<typeof pixelsOf>>): number =>
  data.filter((value, i) => i % channels === 0 && value === 255).length / (data.length / channels);

describe.skipIf(chromiumPath === undefined)("the mask brush in a browser", () => {
  let browser: Awaited<ReturnType<typeof startChromium>>;
  let server: SourceServer;
  beforeAll(async () => {
    mkdirSync(screenshots, { recursive: true });
    browser = await startChromium();
    server = await startSourceServer();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  test("what the mouse paints is white in the picture's own pixels, whatever the zoom", async () => {
    const dashboard = await openDashboard(browser, server.url);
    const page = await painting(dashboard);
    await page.getByRole("slider", { name: "Brush" }).fill("20");
    await drag(page, { x: 60, y: 50 }, { x: 120, y: 50 });
    let mask = await savedMask(page);
    expect([mask.width, mask.height]).toEqual([320, 200]);
    expect([mask.at(60, 50), mask.at(120, 50), mask.at(90, 58), mask.at(90, 64), mask.at(200, 50)]).toEqual([
      255, 255, 255, 0, 0,
    ]);
    expect([...new Set(mask.data)].toSorted((a, b) => a - b)).toEqual([0, 255]);

    const there = await seenAt(page, size, { x: 250, y: 150 });
    await page.mouse.move(there.x, there.y);
    await page.mouse.wheel(0, -600);
    await page.waitForFunction(
      () => !document.querySelector<HTMLElement>(".paper")?.style.transform.includes("(0px"),
    );
    const after = await seenAt(page, size, { x: 250, y: 150 });
    // A pointer is at whole pixels, and half a one becomes more than two here.
    expect(Math.hypot(after.x - there.x, after.y - there.y)).toBeLessThan(4);
    await page.mouse.down();
    await page.mouse.up();
    mask = await savedMask(page);
    expect([mask.at(250, 150), mask.at(258, 150), mask.at(264, 150), mask.at(90, 50)]).toEqual([
      255, 255, 0, 255,
    ]);
    await page.screenshot({ path: join(screenshots, "dashboard-mask.png") });
    expect(dashboard.errors).toEqual([]);
    await dashboard.close();
  });

  test("erasing, taking back, doing again, inverting, filling, clearing", async () => {
    const dashboard = await openDashboard(browser, server.url);
    const page = await painting(dashboard);
    const click = (name: string) => page.getByRole("button", { name, exact: true }).click();
    await page.getByRole("slider", { name: "Brush" }).fill("40");
    await drag(page, { x: 40, y: 100 }, { x: 280, y: 100 });
    await page.getByLabel("Erase").check();
    await drag(page, { x: 160, y: 60 }, { x: 160, y: 140 });
    const ends = async () => {
      const mask = await savedMask(page);
      return [mask.at(60, 100), mask.at(160, 100), mask.at(10, 10)];
    };
    expect(await ends()).toEqual([255, 0, 0]);
    await page.locator(".sheet").focus();
    await page.keyboard.press("Control+z");
    expect(await ends()).toEqual([255, 255, 0]);
    await click("Redo");
    expect(await ends()).toEqual([255, 0, 0]);
    await click("Invert");
    expect(await ends()).toEqual([0, 255, 255]);
    await click("Fill");
    expect(await ends()).toEqual([255, 255, 255]);
    await click("Undo");
    await click("Undo");
    expect(await ends()).toEqual([255, 0, 0]);
    await click("Clear");
    await click("Save the mask");
    expect(await page.getByRole("alert").innerText()).toBe("Nothing is painted yet.");
    await page.getByLabel("Outline").check();
    for (const [from, to] of [
      [
        { x: 200, y: 20 },
        { x: 300, y: 20 },
      ],
    ] as const) {
      const corners = [from, to, { x: 300, y: 120 }, { x: 200, y: 120 }];
      const seen = [];
      for (const corner of corners) seen.push(await seenAt(page, size, corner));
      const [first = { x: 0, y: 0 }, ...rest] = seen;
      await page.mouse.move(first.x, first.y);
      await page.mouse.down();
      for (const { x, y } of rest) await page.mouse.move(x, y, { steps: 4 });
      await page.mouse.up();
    }
    const area = await savedMask(page);
    expect([area.at(250, 70), area.at(210, 110), area.at(150, 70)]).toEqual([255, 255, 0]);
    await dashboard.close();
  });

  test("one finger paints; two zoom and draw nothing", async () => {
    const dashboard = await openDashboard(browser, server.url, true);
    const page = await painting(dashboard);
    await page.getByRole("slider", { name: "Brush" }).fill("20");
    const along = async (...places: readonly { x: number; y: number }[]) => {
      const seen = [];
      for (const place of places) seen.push(await seenAt(page, size, place));
      return seen;
    };
    await touch(page, [await along({ x: 60, y: 50 }, { x: 90, y: 50 }, { x: 120, y: 50 })]);
    const painted = await savedMask(page);
    expect([painted.at(60, 50), painted.at(120, 50), painted.at(200, 100)]).toEqual([255, 255, 0]);

    const width = async () => (await page.locator(".paper img").boundingBox())?.width ?? 0;
    const before = await width();
    await touch(page, [
      await along({ x: 140, y: 100 }, { x: 100, y: 100 }, { x: 60, y: 100 }),
      await along({ x: 180, y: 100 }, { x: 220, y: 100 }, { x: 260, y: 100 }),
    ]);
    expect((await width()) / before).toBeGreaterThan(3);
    const after = await savedMask(page);
    expect(after.data.equals(painted.data)).toBe(true);
    await page.getByRole("button", { name: "Show all" }).click();
    expect(await width()).toBeCloseTo(before, 0);
    await page.screenshot({ path: join(screenshots, "dashboard-mask-touch.png") });
    const overflow = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    expect(overflow).toBeLessThanOrEqual(0);
    expect(dashboard.errors).toEqual([]);
    await dashboard.close();
  });

  test("the keyboard alone paints", async () => {
    const dashboard = await openDashboard(browser, server.url);
    const page = await painting(dashboard);
    await page.getByRole("slider", { name: "Brush" }).fill("20");
    await page.locator(".sheet").focus();
    for (const key of ["ArrowLeft", "ArrowLeft", "ArrowUp", " ", "]", "Shift+ArrowRight"])
      await page.keyboard.press(key);
    const mask = await savedMask(page);
    // The middle is at (160, 100); a stride is half a brush.
    expect([mask.at(140, 90), mask.at(149, 90), mask.at(152, 90)]).toEqual([255, 255, 0]);
    expect(await page.getByRole("slider", { name: "Brush" }).inputValue()).toBe("25");
    await dashboard.close();
  });

  test("a mask's file is taken, stretched to the picture, and read as the server reads it", async () => {
    const dashboard = await openDashboard(browser, server.url);
    const page = await painting(dashboard);
    const left = await sharp({ create: { width: 64, height: 40, channels: 3, background: "#050505" } })
      .composite([
        { input: Buffer.from('<svg width="64" height="40"><rect width="32" height="40" fill="red"/></svg>') },
      ])
      .jpeg()
      .toBuffer();
    await page
      .getByLabel("Load a mask: file")
      .setInputFiles({ name: "mask.jpg", mimeType: "image/jpeg", buffer: left });
    await page.getByRole("button", { name: "Undo", exact: true, disabled: false }).waitFor();
    const mask = await savedMask(page);
    expect([mask.at(10, 10), mask.at(150, 190), mask.at(170, 10), mask.at(310, 190)]).toEqual([
      255, 255, 0, 0,
    ]);
    expect(white(mask)).toBeCloseTo(0.5, 1);
    await dashboard.close();
  });

  test("a mask's file that nothing is painted over is sent as it is, else the mask in the picture's own pixels", async () => {
    const dashboard = await openDashboard(browser, server.url);
    const { page } = dashboard;
    const sent: string[] = [];
    page.on("websocket", (socket) => socket.on("framesent", ({ payload }) => sent.push(payload.toString())));
    await page.reload();
    await page.locator(".state.live").waitFor();
    await painting(dashboard);
    const small = await sharp({ create: { width: 64, height: 40, channels: 3, background: "white" } })
      .png()
      .toBuffer();
    await page
      .getByLabel("Load a mask: file")
      .setInputFiles({ name: "mask.png", mimeType: "image/png", buffer: small });
    await page.getByRole("button", { name: "Undo", exact: true, disabled: false }).waitFor();
    await page.getByRole("button", { name: "Pause" }).click();
    /** The mask of the next request, which waits. */
    const maskOf = async (prompt: string): Promise<Buffer> => {
      await page.getByLabel("Prompt", { exact: true }).fill(prompt);
      await page.getByRole("button", { name: "Generate" }).click();
      await page.getByRole("button", { name: `Cancel ${prompt}` }).click();
      const request = sent.find((text) => text.includes(`"${prompt}"`)) ?? "";
      const [, base64 = ""] =
        /"inpaint_mask_image_upload":"data:image\/png;base64,([^"]*)"/.exec(request) ?? [];
      return Buffer.from(base64, "base64");
    };
    expect((await maskOf("as it is")).equals(small)).toBe(true);
    await page.getByLabel("Erase").check();
    await drag(page, { x: 40, y: 100 }, { x: 280, y: 100 });
    const { width, height } = await pixelsOf(await maskOf("painted over"));
    expect({ width, height }).toEqual(size);
    expect(dashboard.errors).toEqual([]);
    await dashboard.close();
  });

  test.each(["jpeg", "webp"] as const)(
    "a %s that is to be turned is painted on as the server reads it",
    async (format) => {
      const dashboard = await openDashboard(browser, server.url);
      // Stored lying, to be turned to the right: its white left upper corner is seen at the right above.
      const stored = await sharp({ create: { width: 40, height: 20, channels: 3, background: "black" } })
        .composite([
          {
            input: Buffer.from('<svg width="40" height="20"><rect width="8" height="8" fill="white"/></svg>'),
          },
        ])
        .withMetadata({ orientation: 6 })
        .toFormat(format, { quality: 100 })
        .toBuffer();
      const page = await painting(dashboard, new Uint8Array(stored), `image/${format}`);
      expect(await page.locator(".source .head .named").innerText()).toContain("20 × 40");
      await page.getByRole("slider", { name: "Brush" }).fill("4");
      const frame = { width: 20, height: 40 };
      const seen = await seenAt(page, frame, { x: 17, y: 3 });
      const shot = await pixelsOf(await page.screenshot());
      expect(shot.at(seen.x, seen.y)).toBeGreaterThan(200);
      await page.mouse.click(seen.x, seen.y);
      const mask = await savedMask(page);
      expect([mask.width, mask.height, mask.at(17, 3), mask.at(3, 3), mask.at(17, 20)]).toEqual([
        20, 40, 255, 0, 0,
      ]);
      await dashboard.close();
    },
  );

  test("every field, button and picture has a name for a screen reader, also where masks are painted", async () => {
    const dashboard = await openDashboard(browser, server.url);
    const page = await painting(dashboard);
    await page.getByText("How it is made anew").click();
    expect(await nameless(page)).toEqual([]);
    await page.getByLabel("Vary or upscale").check();
    for (const method of ["Vary (Subtle)", "Upscale (Custom)"]) {
      await page.getByLabel(method).check();
      expect(await nameless(page)).toEqual([]);
    }
    await dashboard.close();
  });

  test("a picture is pasted, chosen, removed; what is none is said", async () => {
    const dashboard = await openDashboard(browser, server.url);
    const { page } = dashboard;
    // From here on the browser tells of dialogs: asked for just before a key, it may come too late for that one.
    page.on("filechooser", () => undefined);
    await page.getByLabel("Prompt", { exact: true }).focus();
    await pastePng(page, scene);
    await page.getByText(", 320 × 200").waitFor();
    await page.getByRole("button", { name: "Remove the picture" }).click();
    await page.getByRole("button", { name: "Paste" }).click();
    await page.getByText(", 320 × 200").waitFor();
    await page.getByRole("button", { name: "Remove the picture" }).click();
    // The buttons that were pressed are gone: the keyboard goes on from where they were.
    const isAtSource = () => page.waitForFunction(() => document.activeElement?.id === "source");
    await isAtSource();
    await page.keyboard.press("Tab");
    const chooser = page.waitForEvent("filechooser");
    await page.keyboard.press("Enter");
    await (await chooser).setFiles({ name: "a.png", mimeType: "image/png", buffer: Buffer.from(scene) });
    await page.getByText("a.png, 320 × 200").waitFor();
    await isAtSource();
    await dropFile(page, Buffer.from("no picture"), { name: "note.txt", type: "text/plain" });
    expect(await page.getByRole("alert").innerText()).toContain("note.txt is no picture");
    expect(page.url()).toEndWith("/dashboard");
    await dashboard.close();
  });
});
