import { type Browser, chromium, type Page } from "playwright-core";
import sharp from "sharp";
import { findBrowser } from "../../scripts/browser.mjs";

/** Where a Chromium is, if it is; `.ci/run` installs one. */
export const chromiumPath = findBrowser();

/** A browser without a screen. */
export const startChromium = (): Promise<Browser> =>
  chromium.launch({ executablePath: chromiumPath ?? "", args: ["--no-sandbox"] });

/** The dashboard in a context of its own, which may reach nothing but the server; `errors` are those of the page. */
export async function openDashboard(browser: Browser, url: string, hasTouch = false) {
  const viewport = hasTouch ? { width: 412, height: 915 } : { width: 1280, height: 900 };
  const context = await browser.newContext({ viewport, hasTouch, acceptDownloads: true });
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const page = await context.newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(error.message));
  await page.route("**/*", (route) => {
    const target = route.request().url();
    if (target.startsWith(url) || /^(data|blob):/.test(target)) return route.continue();
    errors.push(`asked ${target}`);
    return route.abort();
  });
  await page.goto(`${url}/dashboard`);
  await page.locator(".state.live").waitFor();
  return { page, errors, close: () => context.close() };
}

/** A picture's pixels. */
export async function pixelsOf(file: Uint8Array) {
  const { data, info } = await sharp(file).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  /** Channel 0 of a pixel. */
  const at = (x: number, y: number): number => data[(Math.round(y) * width + Math.round(x)) * channels] ?? -1;
  return { width, height, data, channels, at };
}

/** Drops a file in the middle of the page, as a file manager does. */
export async function dropFile(page: Page, bytes: Uint8Array, file: { name: string; type: string }) {
  const given = { ...file, base64: Buffer.from(bytes).toString("base64") };
  await page.evaluate(async ({ name, type, base64 }) => {
    const answer = await fetch(`data:${type};base64,${base64}`);
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([await answer.blob()], name, { type }));
    for (const kind of ["dragover", "drop"])
      document.body.dispatchEvent(new DragEvent(kind, { dataTransfer, bubbles: true, cancelable: true }));
  }, given);
}

/** Puts a PNG into the clipboard and pastes it with the keyboard. */
export async function pastePng(page: Page, bytes: Uint8Array) {
  await page.evaluate(async (base64) => {
    const blob = await (await fetch(`data:image/png;base64,${base64}`)).blob();
    await navigator.clipboard.write([new ClipboardItem({ "image/png": blob })]);
  }, Buffer.from(bytes).toString("base64"));
  await page.keyboard.press("Control+V");
}

/** The mask as the page saves it, which is what it sends. */
export async function savedMask(page: Page) {
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "Save the mask" }).click();
  const path = await (await download).path();
  return await pixelsOf(await Bun.file(path).bytes());
}

type Place = Readonly<{ x: number; y: number }>;

/** Where on the screen a place of the shown picture is, both in pixels. */
export async function seenAt(
  page: Page,
  size: { width: number; height: number },
  { x, y }: Place,
): Promise<Place> {
  await page.locator(".sheet").scrollIntoViewIfNeeded();
  const box = await page.locator(".paper img").boundingBox();
  if (box === null) throw new Error("there is no picture to paint on");
  return { x: box.x + (x / size.width) * box.width, y: box.y + (y / size.height) * box.height };
}

/** Fingers that go along paths, all at once: `paths[finger][moment]`. */
export async function touch(page: Page, paths: readonly (readonly Place[])[]) {
  const session = await page.context().newCDPSession(page);
  const send = (type: "touchStart" | "touchMove" | "touchEnd", points: readonly (Place | undefined)[]) =>
    session.send("Input.dispatchTouchEvent", {
      type,
      touchPoints: points.flatMap((point, id) => (point === undefined ? [] : [{ ...point, id }])),
    });
  const moments = Math.max(...paths.map((path) => path.length));
  // Fingers never come down together.
  for (let fingers = 1; fingers <= paths.length; fingers += 1)
    await send(
      "touchStart",
      paths.slice(0, fingers).map(([first]) => first),
    );
  for (let moment = 1; moment < moments; moment += 1)
    await send(
      "touchMove",
      paths.map((path) => path[Math.min(moment, path.length - 1)]),
    );
  await send("touchEnd", []);
  await session.detach();
}

/** Fields and buttons that a screen reader has no name for. */
export const nameless = (page: Page): Promise<readonly string[]> =>
  page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>("input, select, textarea, button, [tabindex='0'], img")]
      .filter((one) => {
        const labels = "labels" in one && one.labels instanceof NodeList ? one.labels.length : 0;
        const text = one instanceof HTMLImageElement ? (one.getAttribute("alt") ?? undefined) : undefined;
        return labels === 0 && !one.ariaLabel && text === undefined && (one.textContent ?? "").trim() === "";
      })
      .map((one) => one.outerHTML),
  );
