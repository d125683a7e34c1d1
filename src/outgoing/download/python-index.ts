import { DownloadFault, reasonOf } from "./download-fault.ts";
import { shownAddress } from "./shown-address.ts";

/** The index of Python packages that is asked unless another one is named; its own form of address, as pip has it. */
export const usualIndex = "https://pypi.org/simple";

/** Without an answer, in milliseconds. */
const patience = 30_000;

/**
 * Where a file of a project is to be had, as an index of Python packages says (PEP 503 and 691): in JSON, or, as mirrors may, on a
 * page.
 *
 * @param index its address, without a slash at the end
 * @throws DownloadFault where it does not answer, or has no such file
 */
export async function addressInIndex(
  index: string,
  { project, file }: Readonly<{ project: string; file: string }>,
  signal?: AbortSignal,
): Promise<string> {
  const address = `${index.replace(/\/+$/, "")}/${project}/`;
  const text = await asked(address, signal);
  const found = filesIn(text).find((href) => nameIn(href) === file);
  if (found !== undefined) return new URL(found, address).href;
  throw new DownloadFault("refused", `${shownAddress(address)} has no ${file}; --index names another index.`);
}

async function asked(address: string, signal: AbortSignal | undefined): Promise<string> {
  const limit = AbortSignal.timeout(patience);
  const accept = "application/vnd.pypi.simple.v1+json, text/html;q=0.5";
  const headers = { "user-agent": "fooocusd", accept };
  try {
    const response = await fetch(address, {
      headers,
      signal: signal === undefined ? limit : AbortSignal.any([limit, signal]),
    });
    if (response.ok) return await response.text();
    await response.body?.cancel();
    throw new DownloadFault(
      response.status >= 500 ? "busy" : "refused",
      `${shownAddress(address)} answered ${response.status}; --index names another index.`,
    );
  } catch (cause) {
    if (cause instanceof DownloadFault) throw cause;
    const message = `${shownAddress(address)} was not reached: ${reasonOf(cause).replace(/[.?!]+$/, "")}. Fetch the wheels where there is a connection, and hand them over as files.`;
    throw new DownloadFault("broken", message, cause);
  }
}

/** The addresses of all files, of either form. */
function filesIn(text: string): readonly string[] {
  try {
    const value: unknown = JSON.parse(text);
    const files = typeof value === "object" && value !== null && "files" in value ? value.files : [];
    return Array.isArray(files) ? files.flatMap(urlOf) : [];
  } catch {
    return [...text.matchAll(/<a\s[^>]*?href\s*=\s*["']([^"']+)["']/gi)].flatMap(([, href]) => href ?? []);
  }
}

const urlOf = (file: unknown): readonly string[] =>
  typeof file === "object" && file !== null && "url" in file && typeof file.url === "string"
    ? [file.url]
    : [];

const nameIn = (href: string): string =>
  decodeURIComponent(
    href
      .replace(/[?#].*$/, "")
      .replace(/^.*\//, "")
      .replace(/%(?![\da-f]{2})/gi, "%25"),
  );
