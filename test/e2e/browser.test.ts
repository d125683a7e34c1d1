import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { binary, type RunningBinary, startBinary } from "../support/binary.ts";
import { chromiumPath, startChromium } from "../support/dashboard-page.ts";

// A busy machine takes half a minute to draw Swagger UI without a GPU.
setDefaultTimeout(300_000);
const patience = 100_000;

const screenshots = join(binary, "../e2e");

/** Opens a page that may reach nothing but our server, and reports what it tried and what went wrong in it. */
async function visit(browser: Browser, url: string, name: string) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  page.setDefaultTimeout(patience);
  const strangers: string[] = [];
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(error.message));
  await page.route("**/*", (route) => {
    const target = route.request().url();
    if (target.startsWith(new URL(url).origin) || /^(data|blob):/.test(target)) return route.continue();
    strangers.push(target);
    return route.abort();
  });
  await page.goto(url, { waitUntil: "networkidle" });
  mkdirSync(screenshots, { recursive: true });
  await page.screenshot({ path: join(screenshots, `${name}.png`) });
  return { page, strangers, errors };
}

describe.skipIf(chromiumPath === undefined)("in a browser (Debian package chromium)", () => {
  let server: RunningBinary;
  let browser: Browser;
  beforeAll(async () => {
    server = await startBinary();
    browser = await startChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  test.each([
    ["/docs", "docs"],
    ["/", "start"],
    ["/redoc", "reference"],
  ])("%s shows the routes without the internet", async (path, name) => {
    const { page, strangers, errors } = await visit(browser, `${server.url}${path}`, name);
    expect(await page.locator("body").innerText()).toContain("/v1/engine/generate/");
    expect(errors).toEqual([]);
    expect(strangers).toEqual([]);
  });

  test("a page that takes what one read brings for one event, as FooocusAPI's sample page does, gets its pictures", async () => {
    const { page, errors } = await visit(browser, `${server.url}/redoc`, "reference");
    const told = await page.evaluate(async () => {
      const body = {
        prompt: "a red circle",
        performance_selection: "Lightning",
        image_number: 2,
        stream_output: true,
      };
      const answer = await fetch("/v1/engine/generate/", { method: "POST", body: JSON.stringify(body) });
      const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
      const events: { progress: number; preview: string | null; images: string[] }[] = [];
      let unread = "";
      for (let read = await reader?.read(); read?.done === false; read = await reader?.read()) {
        unread += read.value;
        const [from, to] = [unread.indexOf("{"), unread.lastIndexOf("}") + 1];
        if (from < 0 || to <= from) continue;
        events.push(JSON.parse(unread.slice(from, to)));
        unread = unread.slice(to);
      }
      return events;
    });
    expect(told.filter(({ preview }) => preview !== null).length).toBeGreaterThan(0);
    expect([told.at(-1)?.progress, told.at(-1)?.images.length]).toEqual([100, 2]);
    expect(errors).toEqual([]);
  });

  test("/docs makes a picture with the request it offers, without the internet", async () => {
    const { page, strangers, errors } = await visit(browser, `${server.url}/docs`, "docs");
    const operation = page.locator("#operations-GenerateV1-generate_routes_v1_engine_generate__post");
    await operation.locator(".opblock-summary").click();
    await operation.locator(".execute").click();
    const answer = operation.locator(".live-responses-table .response-col_status").last();
    await answer.waitFor();
    expect(await answer.innerText()).toStartWith("200");
    expect(await operation.locator(".live-responses-table").innerText()).toContain(
      '"task_status": "finished"',
    );
    expect(errors).toEqual([]);
    expect(strangers).toEqual([]);
  });
});
