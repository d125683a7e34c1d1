import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Browser, chromium } from "playwright-core";
import { binary, type RunningBinary, startBinary } from "../support/binary.ts";

setDefaultTimeout(300_000);

const executablePath = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(
  (path) => existsSync(path),
);
const screenshots = join(binary, "../e2e");

/** Opens a page that may reach nothing but our server, and reports what it tried and what went wrong in it. */
async function visit(browser: Browser, url: string, name: string) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
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

describe.skipIf(executablePath === undefined)("in a browser (Debian package chromium)", () => {
  let server: RunningBinary;
  let browser: Browser;
  beforeAll(async () => {
    server = await startBinary();
    browser = await chromium.launch({ executablePath: executablePath ?? "", args: ["--no-sandbox"] });
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  test.each([
    ["/docs", "docs"],
    ["/", "start"],
  ])("%s shows the routes without the internet", async (path, name) => {
    const { page, strangers, errors } = await visit(browser, `${server.url}${path}`, name);
    expect(await page.locator("body").innerText()).toContain("/v1/engine/generate/");
    expect(errors).toEqual([]);
    expect(strangers).toEqual([]);
  });
});
