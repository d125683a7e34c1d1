import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import sharp from "sharp";
import { type SourceServer, startSourceServer } from "../../scripts/bench/quality/source-server.ts";
import { chromiumPath, nameless, openDashboard, pixelsOf, startChromium } from "../support/dashboard-page.ts";
import { tinyCheckpoint } from "../support/golden.ts";
import { packedModel } from "../support/packed-model.ts";

setDefaultTimeout(600_000);
// What is prepared waits until the engine is free.
const patience = 300_000;
if (chromiumPath === undefined)
  process.stderr.write("dashboard-control: skipped, no Chromium here (Debian package chromium)\n");

const screenshots = join(import.meta.dir, "../../dist/e2e");

const scene = new Uint8Array(
  await sharp({ create: { width: 256, height: 256, channels: 3, background: "#2040d0" } })
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
const file = { name: "scene.png", mimeType: "image/png", buffer: Buffer.from(scene) };

type Listed = Readonly<{
  task_id: string;
  task_status: string;
  finish_mills: number | null;
  req_params: Readonly<Record<string, unknown>>;
}>;

/** The server's history, newest first. */
async function history(url: string): Promise<readonly Listed[]> {
  const answer = await fetch(`${url}/tasks?query=history&page=0&page_size=9`);
  return ((await answer.json()) as { history: Listed[] }).history;
}

/** Sends the form, and finds the record of it: in the history is also what waits and what runs. */
async function sent(page: Page, url: string, isThere: (task: Listed) => boolean): Promise<Listed> {
  const before = await history(url);
  await page.getByRole("button", { name: "Generate" }).click();
  for (let tries = 0; tries < 1500; tries += 1) {
    if (await page.getByRole("alert").first().isVisible())
      throw new Error(await page.getByRole("alert").first().innerText());
    const [task] = await history(url);
    if (task !== undefined && task.task_id !== before[0]?.task_id && isThere(task)) return task;
    await Bun.sleep(200);
  }
  throw new Error("nothing came within five minutes");
}

/** The pixels that an image of the page shows. */
async function shownPixels(page: Page, name: string) {
  const address = await page.getByRole("img", { name, exact: true }).getAttribute("src");
  const base64 = await page.evaluate(async (source) => {
    const bytes = new Uint8Array(await (await fetch(source ?? "")).arrayBuffer());
    return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  }, address);
  return await pixelsOf(Buffer.from(base64, "base64"));
}

const place = (page: Page, at: number) => page.locator(`#control-${at}`);

/** By how much the page is wider than its window, in pixels. */
const sideways = (page: Page): Promise<number> =>
  page.locator("html").evaluate((one) => one.scrollWidth - one.clientWidth);

describe.skipIf(chromiumPath === undefined)("control images, on the dashboard", () => {
  const folder = mkdtempSync(join(tmpdir(), "dashboard-control-"));
  let browser: Awaited<ReturnType<typeof startChromium>>;
  let server: SourceServer;
  beforeAll(async () => {
    mkdirSync(screenshots, { recursive: true });
    for (const kind of ["checkpoints", "controlnet"]) mkdirSync(join(folder, kind));
    symlinkSync(await tinyCheckpoint(), join(folder, "checkpoints/tiny.safetensors"));
    symlinkSync(
      packedModel("control-lora.safetensors"),
      join(folder, "controlnet/control-lora-canny-rank128.safetensors"),
    );
    browser = await startChromium();
    server = await startSourceServer(["--models", folder]);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    rmSync(folder, { recursive: true });
  });

  test("its numbers follow its type until somebody types others", async () => {
    const { page, errors, close } = await openDashboard(browser, server.url);
    await page.locator("summary", { hasText: "Control images" }).click();
    await page.getByLabel("Choose picture 1: file").setInputFiles(file);
    const first = place(page, 1);
    const numbers = async () => [
      await first.getByLabel("Stops at").inputValue(),
      await first.getByLabel("Weight").inputValue(),
    ];
    const type = first.getByLabel("What is taken from it");
    expect(await numbers()).toEqual(["0.5", "0.6"]);
    await type.selectOption("FaceSwap");
    expect(await numbers()).toEqual(["0.9", "0.75"]);
    await first.getByLabel("Weight").fill("1.5");
    await type.selectOption("PyraCanny");
    expect(await numbers()).toEqual(["0.5", "1.5"]);
    expect(await nameless(page)).toEqual([]);
    expect(errors).toEqual([]);
    await close();
  });

  test("a picture dropped on a place is that control image, and not the one to start from", async () => {
    const { page, errors, close } = await openDashboard(browser, server.url);
    await page.locator("summary", { hasText: "Control images" }).click();
    await page.evaluate(async (base64) => {
      const blob = await (await fetch(`data:image/png;base64,${base64}`)).blob();
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File([blob], "dropped.png", { type: "image/png" }));
      for (const kind of ["dragover", "drop"])
        document
          .querySelector("#control-3 .row")
          ?.dispatchEvent(new DragEvent(kind, { dataTransfer, bubbles: true, cancelable: true }));
    }, Buffer.from(scene).toString("base64"));
    await place(page, 3).getByText("dropped.png").waitFor();
    expect(await page.locator(".dropping").count()).toBe(0);
    expect(await page.locator(".drop").count()).toBe(1);
    expect(errors).toEqual([]);
    await close();
  });

  test("it is shown as it will be prepared, and nothing of that stays in the history", async () => {
    const { page, errors, close } = await openDashboard(browser, server.url);
    const before = await history(server.url);
    await page.locator("summary", { hasText: "Control images" }).click();
    await page.getByLabel("Choose picture 2: file").setInputFiles(file);
    const second = place(page, 2);
    await second.getByLabel("What is taken from it").selectOption("PyraCanny");
    await page.getByLabel("Size", { exact: true }).selectOption("other");
    await page.getByLabel("Width", { exact: true }).fill("192");
    await page.getByLabel("Height", { exact: true }).fill("320");
    await second.getByRole("button", { name: "Show it prepared" }).click();
    await page.getByRole("img", { name: "Control image 2, prepared" }).waitFor({ timeout: patience });
    const { width, height, at } = await shownPixels(page, "Control image 2, prepared");
    expect([width, height]).toEqual([192, 320]);
    // The circle's edge is white where it is seen in the picture that fills this size, and nothing else is.
    const scale = 320 / 256;
    const seen = (x: number, y: number) => ({ x: 96 + (x - 128) * scale, y: y * scale });
    const top = seen(128, 68);
    const edge = Math.max(...Array.from({ length: 21 }, (_, i) => at(top.x, top.y - 10 + i)));
    expect(edge).toBeGreaterThan(200);
    expect(at(seen(128, 128).x, seen(128, 128).y)).toBe(0);
    expect(await history(server.url)).toEqual(before);
    expect(await page.locator(".thumb").count()).toBe(before.length);
    await page.screenshot({ path: join(screenshots, "dashboard-control.png") });
    await second.screenshot({ path: join(screenshots, "dashboard-control-slot.png") });

    // Thresholds that nothing passes: what was prepared with others goes, and the new one is black.
    await page.getByText("How they are prepared").click();
    await page.getByLabel("Canny, lower threshold").fill("255");
    await page.getByLabel("Canny, upper threshold").fill("255");
    await second.getByRole("button", { name: "Show it prepared" }).waitFor();
    await page.getByLabel("Not at all").check();
    await second.getByRole("button", { name: "Show it prepared" }).click();
    await page.getByRole("img", { name: "Control image 2, prepared" }).waitFor({ timeout: patience });
    const skipped = await shownPixels(page, "Control image 2, prepared");
    expect(skipped.at(seen(128, 128).x, seen(128, 128).y)).toBeGreaterThan(250);
    expect(errors).toEqual([]);
    await close();
  });

  test("a file that is missing is said at its place", async () => {
    const { page, close } = await openDashboard(browser, server.url);
    await page.locator("summary", { hasText: "Control images" }).click();
    await page.getByLabel("Choose picture 1: file").setInputFiles(file);
    await place(page, 1).getByLabel("What is taken from it").selectOption("PyraCanny");
    await page.getByLabel("Choose picture 4: file").setInputFiles(file);
    await place(page, 4).getByLabel("What is taken from it").selectOption("CPDS");
    await page.getByLabel("Speed", { exact: true }).check();
    await page.getByRole("button", { name: "Generate" }).click();
    const said = place(page, 4).getByRole("alert");
    await said.waitFor();
    expect(await said.innerText()).toContain("fooocus_xl_cpds_128.safetensors");
    expect(await said.innerText()).toContain("models/controlnet");
    expect(await place(page, 1).getByRole("alert").count()).toBe(0);
    expect(await page.locator(".send").innerText()).toContain("Control image 4 cannot be used");
    await page.setViewportSize({ width: 390, height: 844 });
    expect(await sideways(page)).toBe(0);
    await said.scrollIntoViewIfNeeded();
    await page.screenshot({ path: join(screenshots, "dashboard-control-phone.png") });
    await close();
  });

  test("it comes back with the settings of a task, and guides the next one", async () => {
    const picture = {
      cn_img: Buffer.from(scene).toString("base64"),
      cn_type: "PyraCanny",
      cn_stop: 0.7,
      cn_weight: 1,
    };
    const small = { overwrite_width: 256, overwrite_height: 256, overwrite_step: 2 };
    const request = {
      ...small,
      performance_selection: "Speed",
      prompt: "a red circle",
      controlnet_softness: 0.5,
    };
    const answer = await fetch(`${server.url}/v1/engine/generate/`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ ...request, controlnet_image: [{ cn_img: null }, picture] }),
    });
    expect(await answer.text()).toContain(`${server.url}/outputs/`);

    const { page, errors, close } = await openDashboard(browser, server.url);
    await page.locator(".stage button.canvas").click();
    await page.getByRole("dialog").getByText("PyraCanny (0.7, 1)").waitFor();
    await page.getByRole("button", { name: "Use these settings" }).click();
    await place(page, 2).getByRole("img").waitFor();
    expect(await place(page, 1).getByRole("img").count()).toBe(0);
    expect(await place(page, 2).getByLabel("Stops at").inputValue()).toBe("0.7");
    const { req_params: params, task_status: status } = await sent(
      page,
      server.url,
      ({ finish_mills: at }) => (at ?? 0) > 0,
    );
    expect(status).toBe("finished");
    expect(params).toMatchObject({ ...request, current_tab: "ip" });
    const [first, second] = params["controlnet_image"] as Readonly<Record<string, unknown>>[];
    expect(first).toMatchObject({ cn_img: "" });
    expect(second).toMatchObject({ cn_type: "PyraCanny", cn_stop: 0.7, cn_weight: 1 });
    // A weight that was the recommended one follows the type again.
    await place(page, 2).getByLabel("What is taken from it").selectOption("FaceSwap");
    expect(await place(page, 2).getByLabel("Weight").inputValue()).toBe("0.75");
    expect(errors).toEqual([]);
    await close();
  });

  test("a picture to start from takes part beside it where that is said, and is not sent else", async () => {
    const { page, errors, close } = await openDashboard(browser, server.url);
    await page.getByLabel("Speed", { exact: true }).check();
    await page.locator("summary", { hasText: "Control images" }).click();
    await page.getByLabel("Choose picture 1: file").setInputFiles(file);
    await place(page, 1).getByLabel("What is taken from it").selectOption("PyraCanny");
    await page.getByLabel("Choose a file: file").setInputFiles(file);
    const told = page.locator(".source [role=status]");
    await told.getByText("takes no part").waitFor();
    const generated = async () => {
      const task = await sent(page, server.url, () => true);
      // How it is sent is asked here, not what comes of it.
      await fetch(`${server.url}/tasks/${task.task_id}?stop=true`, { method: "DELETE" });
      return task.req_params;
    };
    expect(await generated()).toMatchObject({
      current_tab: "ip",
      uov_method: "Disabled",
      uov_input_image: "",
    });
    await page.getByLabel("takes part too").check();
    await told.getByText("The result will be").waitFor();
    expect(await generated()).toMatchObject({
      current_tab: "ip",
      uov_method: "Vary (Subtle)",
      mixing_image_prompt_and_vary_upscale: true,
    });
    expect(errors).toEqual([]);
    await close();
  });

  test("a picture of the history takes the first free place, by its address", async () => {
    const { page, errors, close } = await openDashboard(browser, server.url);
    await page.locator(".stage button.canvas").click();
    await page.getByRole("button", { name: "Guide by it" }).click();
    await place(page, 1).getByRole("img").waitFor();
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("control-1");
    const asked = page.waitForRequest((request) => request.method() === "POST");
    await place(page, 1).getByLabel("What is taken from it").selectOption("CPDS");
    await place(page, 1).getByRole("button", { name: "Show it prepared" }).click();
    expect((await asked).postData()).toContain(`${server.url}/outputs/`);
    await page.getByRole("img", { name: "Control image 1, prepared" }).waitFor({ timeout: patience });
    expect(errors).toEqual([]);
    await close();
  });
});
