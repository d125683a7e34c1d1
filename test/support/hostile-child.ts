/**
 * Reads texts that anybody may send and that take minutes or hours to read where a search begins anew at each of their
 * letters, and says which it has read. Whoever starts it decides how long that may take.
 */
import { parseJson } from "#/api/json.ts";
import { readExif } from "#/image/read-exif.ts";
import { exifOf } from "#/image/write-exif.ts";
import { parseEmphasis } from "#/pipeline/text/emphasis.ts";
import { pickFromArrays, promptLines, takeInlineLoras } from "#/recipe/prompt-syntax.ts";
import { routeTable, unrouted } from "#/routes/http/routing.ts";
import { keptImageOf } from "#/stores/images.ts";
import { readA1111 } from "#/stores/metadata/a1111.ts";
import { factsOf } from "#/stores/metadata/facts.ts";
import { readFooocus } from "#/stores/metadata/fooocus.ts";
import { ownFileOf } from "#/tasks/intake/base-url.ts";

const long = 1_000_000;
const many = (text: string): string => text.repeat(long / text.length);

const said: Readonly<Record<string, string>> = {
  "a line before the pairs": `Steps: 1, a: 2, b: 3\n${many("a")}`,
  "names without values": many("a:"),
  pairs: many("a: 1, "),
  weights: `a: 1, b: 2, c: 3, Lora weights: "${many("x")}"`,
  digits: `a: 1, b: 2, Steps: ${many("1")}x, Seed: ${many("9")}`,
  "blanks before a name": `${many(" ")}a: 1`,
  "a text of backslashes": `a: "${many("\\")}`,
  "a list of quotation marks": `{"styles": "[${many("'")}", "adm_guidance": "(${many(")")}"}`,
  "a list of escaped quotation marks": JSON.stringify({ styles: `['${many("\\'")}]` }),
  "a list that ends in a backslash": JSON.stringify({ styles: `[${many("\"'\\'")}\\]` }),
  "a seed of many digits": `{"seed": ${many("1")}}`,
  "a seed after blanks": `{"seed"${many(" ")}x`,
};

/** A directory full of pointers to itself. */
function pointers(): Uint8Array {
  const exif = new DataView(new ArrayBuffer(10 + 65_535 * 12));
  exif.setUint16(0, 0x4949);
  exif.setUint32(4, 8, true);
  exif.setUint16(8, 65_535, true);
  for (let at = 10; at < exif.byteLength; at += 12) {
    exif.setUint16(at, 0x8769, true);
    exif.setUint32(at + 8, 8, true);
  }
  return new Uint8Array(exif.buffer);
}

const reading: Readonly<Record<string, () => unknown>> = {
  ...Object.fromEntries(
    Object.entries(said).map(([name, text]) => [
      name,
      () => {
        const values = readFooocus(text);
        return values === undefined ? factsOf("a1111", readA1111(text) ?? {}) : factsOf("fooocus", values);
      },
    ]),
  ),
  "zeros in a comment": () =>
    readExif(exifOf({ software: "", makerNote: "", userComment: `${many("\0")}x` }) ?? new Uint8Array()),
  "an EXIF directory of pointers": () => readExif(pointers()),
  "a prompt of blanks": () => promptLines(`a${many(" ,")}b`),
  "weights without brackets": () =>
    [many(":1_"), `:${many("1")}`, `:${many(" ")}x`, `(a:${many("1")}x)`].map(parseEmphasis),
  "brackets around a long text": () => parseEmphasis(`((((${many("a b")}))))`),
  "a LoRA of digits": () => takeInlineLoras(`<lora:a:${many("1")}x`),
  "arrays without an end": () => pickFromArrays(`[[a]]${many("[[")}`, 0),
  "a path of slashes": () => unrouted(new Request(`http://host/${many("/")}x/`), routeTable([])),
  "an address of question marks": () => [
    ownFileOf(`http://host/inputs/${many("?")}\n`, ["http://host"]),
    keptImageOf(`${many("?")}\n`),
  ],
  "JSON with more behind it": () => {
    try {
      return parseJson(`"${many("ab😀")}" x`);
    } catch (thrown) {
      return thrown;
    }
  },
};

for (const [name, read] of Object.entries(reading)) {
  console.log(`reading ${name}`);
  read();
}
console.log("done");
