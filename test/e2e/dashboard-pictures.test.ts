import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import sharp from "sharp";
import { type SourceServer, startSourceServer } from "../../scripts/bench/quality/source-server.ts";
import {
  chromiumPath,
  dropFile,
  openDashboard,
  pastePng,
  pixelsOf,
  seenAt,
  startChromium,
  touch,
} from "../support/dashboard-page.ts";

// A picture is made with the demo model several times.
setDefaultTimeout(600_000);
const patience = 300_000;
if (chromiumPath === undefined)
  process.stderr.write("dashboard-pictures: skipped, no Chromium here (Debian package chromium)\n");

const screenshots = join(import.meta.dir, "../../dist/e2e");

const size = { width: 256, height: 256 };
const scene = new Uint8Array(
  await sharp({ create: { ...size, channels: 3, background: "#2040d0" } })
    .composite([
      {
        input: Buffer.from(
          '<svg width="256" height="256"><circle cx="128" cy="128" r="60" fill="red"/></svg>',
        ),
      },
    ])
    .png()
    .toBuffer(),
);

type Made = Readonly<{
  params: Readonly<Record<string, unknown>>;
  file: Uint8Array;
  warnings: readonly string[];
}>;

/** Sends the form and waits for what comes of it. */
async function generate(page: Page, url: string): Promise<Made> {
  const newest = async () => {
    const answer = await fetch(`${url}/tasks?query=history&page=0&page_size=1`);
    const { history } = (await answer.json()) as {
      history: {
        task_id: string;
        task_status: string;
        finish_mills: number | null;
        result: string[] | null;
        req_params: Made["params"];
        warnings?: string[];
      }[];
    };
    return history[0];
  };
  const before = (await newest())?.task_id;
  await page.getByRole("button", { name: "Generate" }).click();
  const refusal = page.getByRole("alert");
  const deadline = Date.now() + patience;
  while (Date.now() < deadline) {
    if (await refusal.isVisible()) throw new Error(await refusal.innerText());
    const task = await newest();
    // What waits and what runs is in the history too.
    if (task === undefined || task.task_id === before || (task.finish_mills ?? 0) === 0) {
      await Bun.sleep(200);
      continue;
    }
    if (task.task_status !== "finished") throw new Error(JSON.stringify(task).slice(-2000));
    await page.locator(`.stage button.canvas img[src*="${task.result?.[0]?.split("/").at(-1)}"]`).waitFor();
    const file = await (await fetch(task.result?.[0] ?? "")).bytes();
    return { params: task.req_params, file, warnings: task.warnings ?? [] };
  }
  throw new Error("nothing came within five minutes");
}

/** The size that the page tells before a request is sent. */
async function toldSize(page: Page): Promise<readonly number[]> {
  const words = await page.locator(".source [role=status]").innerText();
  return /(\d+) × (\d+)/.exec(words)?.slice(1).map(Number) ?? [];
}

/** Pixels whose colour is another one, by how far they are from a place. */
function changed(before: Awaited<ReturnType<typeof pixelsOf>>, after: Awaited<ReturnType<typeof pixelsOf>>) {
  const { width, height, channels, data } = before;
  const found: { x: number; y: number }[] = [];
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1)
      for (let c = 0; c < 3; c += 1)
        if (data[(y * width + x) * channels + c] !== after.data[(y * width + x) * after.channels + c]) {
          found.push({ x, y });
          break;
        }
  return found;
}

/** By how much an element's content is wider than it, in pixels. */
const sideways = (page: Page, selector: string): Promise<number> =>
  page.locator(selector).evaluate((one) => one.scrollWidth - one.clientWidth);

const divider = (page: Page) =>
  page.locator(".compare .divider").evaluate((one) => Number.parseFloat((one as HTMLElement).style.left));

describe.skipIf(chromiumPath === undefined)("pictures to start from, on the dashboard", () => {
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

  test("a dropped picture is varied, at the size that was told; a line between before and after is moved", async () => {
    const { page, errors, close } = await openDashboard(browser, server.url);
    await page.getByLabel("Prompt", { exact: true }).fill("a red circle on a blue background");
    await dropFile(page, scene, { name: "scene.png", type: "image/png" });
    await page.getByLabel("Vary (Strong)").check();
    const told = await toldSize(page);
    const { params, file } = await generate(page, server.url);
    expect(params).toMatchObject({ current_tab: "uov", uov_method: "Vary (Strong)" });
    const made = await pixelsOf(file);
    expect([made.width, made.height]).toEqual([...told]);

    await page.locator(".stage button.canvas").click();
    const slider = page.getByRole("slider", { name: "Before and after" });
    await page.waitForFunction(() =>
      [...document.querySelectorAll<HTMLImageElement>(".compare img")].every((one) => one.naturalWidth > 0),
    );
    await slider.focus();
    await page.keyboard.press("Home");
    expect(await divider(page)).toBe(0);
    for (let i = 0; i < 10; i += 1) await page.keyboard.press("ArrowRight");
    expect(await divider(page)).toBe(5);
    // The arrows moved the line, not the dialog's picture.
    expect(await page.getByRole("dialog").innerText()).toContain("a red circle");
    const box = (await slider.boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };
    await page.mouse.move(box.x + box.width * 0.2, box.y + box.height / 2);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.75, box.y + box.height / 2, { steps: 5 });
    await page.mouse.up();
    expect(await divider(page)).toBeCloseTo(75, -0.5);
    await page.screenshot({ path: join(screenshots, "dashboard-compare.png") });
    expect(errors).toEqual([]);
    await close();
  });

  test("a picture of the history is enlarged: it is sent by its address, and the dialog leads to it", async () => {
    const { page, errors, close } = await openDashboard(browser, server.url);
    const sent: string[] = [];
    page.on("websocket", (socket) => socket.on("framesent", ({ payload }) => sent.push(payload.toString())));
    await page.reload();
    await page.locator(".state.live").waitFor();
    await page.locator(".stage button.canvas").click();
    await page.getByRole("button", { name: "Upscale", exact: true }).click();
    await page.locator("img.shown").waitFor();
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("source");
    expect(await page.getByLabel("Prompt", { exact: true }).inputValue()).toContain("a red circle");
    await page.getByLabel("Upscale (Fast 2x)").check();
    const told = await toldSize(page);
    expect(await page.locator(".source [role=status]").innerText()).toContain("only enlarged");
    const { params, file } = await generate(page, server.url);
    expect(params).toMatchObject({ uov_method: "Upscale (Fast 2x)" });
    const made = await pixelsOf(file);
    expect([made.width, made.height]).toEqual([...told]);
    const request = sent.find((text) => text.includes('"generate"')) ?? "";
    expect(request).toContain(`${server.url}/outputs/`);

    // A warning names a file and its address, words longer than a phone is wide.
    await page.setViewportSize({ width: 390, height: 844 });
    await page.locator(".stage .warnings").getByText("https://").waitFor();
    expect(await sideways(page, "html")).toBe(0);
    await page.locator(".stage button.canvas").click();
    await page.getByRole("dialog").getByText(`${told[0]}×${told[1]}`).waitFor();
    expect(await sideways(page, "dialog")).toBe(0);
    expect(errors).toEqual([]);
    await close();
  });

  test("by mouse: what is painted is made anew, what is not stays to the last bit", async () => {
    const { page, errors, close } = await openDashboard(browser, server.url);
    await page.getByLabel("Prompt", { exact: true }).fill("a yellow star on a blue background");
    await page.locator("body").click({ position: { x: 2, y: 2 } });
    await pastePng(page, scene);
    await page.getByLabel("Inpaint or extend").check();
    await page.getByRole("slider", { name: "Brush" }).fill("50");
    for (const y of [60, 90]) {
      const [from, to] = [await seenAt(page, size, { x: 60, y }), await seenAt(page, size, { x: 100, y })];
      await page.mouse.move(from.x, from.y);
      await page.mouse.down();
      await page.mouse.move(to.x, to.y, { steps: 4 });
      await page.mouse.up();
    }
    await page.getByRole("button", { name: "Undo", exact: true }).click();
    const middle = await seenAt(page, size, { x: 80, y: 60 });
    await page.mouse.move(middle.x, middle.y);
    await page.mouse.wheel(0, -200);
    await page.getByText("How it is made anew").click();
    await page.getByLabel("Engine").selectOption("None");
    await page.getByLabel("What should be there").fill("a yellow star");
    const { params, file } = await generate(page, server.url);
    expect(params).toMatchObject({ current_tab: "inpaint", inpaint_engine: "None" });
    const after = await pixelsOf(file);
    expect([after.width, after.height]).toEqual([256, 256]);
    const places = changed(await pixelsOf(scene), after);
    // The brush went from (60, 60) to (100, 60) and is 50 wide; around it there is a ramp of 32.
    const far = places.filter(
      ({ x, y }) => Math.hypot(x - Math.min(100, Math.max(60, x)), y - 60) > 25 + 32 * 1.5,
    );
    expect(far).toEqual([]);
    expect(places.length).toBeGreaterThan(1000);
    await page.locator(".stage button.canvas").click();
    await page.getByRole("slider", { name: "Before and after" }).waitFor();
    await page.getByRole("dialog").getByText("What should be there").waitFor();
    expect(await page.getByRole("dialog").innerText()).toContain("What should be there\na yellow star");
    await page.screenshot({ path: join(screenshots, "dashboard-inpainted.png") });

    await page.getByRole("button", { name: "Use these settings" }).click();
    await page.locator(".paper img").waitFor();
    expect(await page.getByRole("button", { name: "Undo", exact: true }).isEnabled()).toBe(true);
    expect(await page.getByLabel("Engine").inputValue()).toBe("None");
    expect(errors).toEqual([]);
    await close();
  });

  test("by touch: a finger paints, and a finger moves the line", async () => {
    const { page, errors, close } = await openDashboard(browser, server.url, true);
    await page.getByLabel("Prompt", { exact: true }).fill("a green square on a blue background");
    await page
      .getByLabel("Choose a file: file")
      .setInputFiles({ name: "scene.png", mimeType: "image/png", buffer: Buffer.from(scene) });
    await page.getByLabel("Inpaint or extend").check();
    await page.getByRole("slider", { name: "Brush" }).fill("40");
    const path = [];
    for (const x of [180, 195, 210]) path.push(await seenAt(page, size, { x, y: 200 }));
    await touch(page, [path]);
    await page.getByRole("button", { name: "Improve detail" }).click();
    await page.locator('button[aria-pressed="true"]', { hasText: "Improve detail" }).waitFor();
    const { params, file } = await generate(page, server.url);
    expect(params).toMatchObject({
      inpaint_engine: "None",
      inpaint_strength: 0.5,
      inpaint_respective_field: 0,
    });
    const places = changed(await pixelsOf(scene), await pixelsOf(file));
    expect(places.length).toBeGreaterThan(100);
    expect(places.filter(({ x, y }) => x < 180 - 20 - 48 || y < 200 - 20 - 48)).toEqual([]);
    await page.locator(".stage button.canvas").click();
    const slider = page.getByRole("slider", { name: "Before and after" });
    const box = (await slider.boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };
    const along = (part: number) => ({ x: box.x + part * box.width, y: box.y + box.height / 2 });
    await touch(page, [[along(0.5), along(0.4), along(0.3)]]);
    expect(await divider(page)).toBeLessThan(40);
    await page.screenshot({ path: join(screenshots, "dashboard-compare-touch.png") });
    expect(errors).toEqual([]);
    await close();
  });

  test("a picture is extended by the sides and pixels that were asked for, as the frame showed", async () => {
    const { page, errors, close } = await openDashboard(browser, server.url);
    await page.getByLabel("Prompt", { exact: true }).fill("a red circle on a blue background");
    await dropFile(page, scene, { name: "scene.png", type: "image/png" });
    await page.getByLabel("Inpaint or extend").check();
    await page.getByLabel("Left", { exact: true }).check();
    await page.getByLabel("Left, pixels").fill("64");
    await page.getByLabel("Bottom", { exact: true }).check();
    expect(await toldSize(page)).toEqual([320, 332]);
    const frame = await page.locator(".paper .frame").boundingBox();
    const shown = await page.locator(".paper img").boundingBox();
    expect((frame?.width ?? 0) / (shown?.width ?? 1)).toBeCloseTo(320 / 256, 2);
    await page.screenshot({ path: join(screenshots, "dashboard-extend.png") });
    await page.getByText("How it is made anew").click();
    await page.getByLabel("Engine").selectOption("None");
    const { params, file } = await generate(page, server.url);
    expect(params).toMatchObject({
      outpaint_selections: ["Left", "Bottom"],
      outpaint_distance: [64, 0, 0, 0],
    });
    const made = await pixelsOf(file);
    expect([made.width, made.height]).toEqual([320, 332]);
    const source = await pixelsOf(scene);
    for (const [x, y] of [
      [200, 20],
      [128, 128],
      [120, 180],
    ] as const)
      expect(made.at(64 + x, y)).toBe(source.at(x, y));
    await page.locator(".stage button.canvas").click();
    // What came of it, and not what is drawn from a prompt alone.
    await page.getByRole("dialog").getByText("320×332").waitFor();
    expect(errors).toEqual([]);
    await close();
  });

  test("nothing painted and no side chosen is said before anything is sent", async () => {
    const { page, close } = await openDashboard(browser, server.url);
    await dropFile(page, scene, { name: "scene.png", type: "image/png" });
    await page.getByLabel("Inpaint or extend").check();
    await page.getByRole("button", { name: "Generate" }).click();
    expect(await page.getByRole("alert").innerText()).toStartWith("Paint over what is to be made anew");
    await page.getByLabel("Vary or upscale").check();
    await page.getByLabel("Disabled").check();
    expect(await page.locator(".source [role=status]").innerText()).toContain("takes no part");
    await close();
  });
});
