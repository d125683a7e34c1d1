/** What Bun's JUnit reports say. It is read without a package: the steps run before packages are installed. */

const text = (xml) =>
  xml
    .replaceAll("&#10;", "\n")
    .replaceAll("&quot;", '"')
    .replaceAll("&apos;", "'")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&");

const attribute = (tag, name) => text(new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1] ?? "");

/** The totals that the root element carries; `undefined` when the file is not such a report. */
export function readReport(xml) {
  const head = /<testsuites\b[^>]*>/.exec(xml)?.[0];
  if (head === undefined) return undefined;
  const total = (name) => Number(attribute(head, name));
  const failed = total("failures") + total("errors");
  return { passed: total("tests") - failed - total("skipped"), failed, skipped: total("skipped") };
}

/**
 * The tests that failed, in order.
 *
 * @returns {{file: string, name: string, message: string}[]}
 */
export function failuresIn(xml) {
  return [...xml.matchAll(/<testcase\b([^>]*[^/])>\s*<(?:failure|error)\b([^>]*)>/g)].map(
    ([, test, failure]) => ({
      file: attribute(test, "file"),
      name: [attribute(test, "classname"), attribute(test, "name")].filter((one) => one !== "").join(" > "),
      message: attribute(failure, "message").trim(),
    }),
  );
}
