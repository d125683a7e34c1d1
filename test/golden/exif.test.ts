import { expect, test } from "bun:test";
import { join } from "node:path";
import { encodeImage } from "#/image/encode.ts";
import { mostOfJpeg } from "#/image/jpeg-with-exif.ts";
import { readEmbeddedText } from "#/image/read-embedded-text.ts";
import { readExif } from "#/image/read-exif.ts";
import { exifOf } from "#/image/write-exif.ts";
import { readMetadata } from "#/stores/metadata/read.ts";

const folder = join(import.meta.dir, "exif");

/** `written`: comments by the file that Pillow or piexif made; `read`: what each program read from a block of ours. */
type Golden = Readonly<{
  written: Readonly<Record<string, string>>;
  read: Readonly<
    Record<
      string,
      Readonly<{ comment: string; block?: string; read: Readonly<Record<string, string | null>> }>
    >
  >;
}>;
const golden: Golden = await Bun.file(join(folder, "read.json")).json();

for (const [name, comment] of Object.entries(golden.written)) {
  test(`${name}: what Pillow or piexif wrote is read to the letter`, async () => {
    const bytes = await Bun.file(join(folder, name)).bytes();
    expect((await readEmbeddedText(bytes)).parameters).toBe(comment);
    expect(await readMetadata(bytes)).toBeDefined();
  });
}

for (const [name, { comment, block, read }] of Object.entries(golden.read)) {
  if (block === undefined) continue;
  test(`${name}: the block is the one that Pillow, piexif and exiftool read right`, () => {
    const ours = exifOf(
      { software: "Fooocus v2.5.5", makerNote: "fooocus", userComment: comment },
      mostOfJpeg,
    );
    expect(Buffer.from(ours ?? []).toString("base64")).toBe(block);
    expect(readExif(ours ?? new Uint8Array())).toEqual({
      software: "Fooocus v2.5.5",
      makerNote: "fooocus",
      userComment: comment,
    });
    // piexif looks into EXIF's own directory and nowhere else.
    expect([read["piexif"], read["exiftool"]]).toEqual([comment, comment]);
    expect([read["pillow_software"], read["pillow_maker_note"]]).toEqual(["Fooocus v2.5.5", "fooocus"]);
    if (/^[\x00-\x7f]*$/.test(comment))
      expect([read["pillow"], read["exifread"]]).toEqual([comment, comment]);
  });
}

test("a comment for which there is room once is where the reference looks, one for which there is none is left out", async () => {
  const pixmap = { width: 8, height: 8, data: new Uint8Array(192) };
  const written = async (length: number) => {
    const text = { parameters: "x".repeat(length), scheme: "a1111" };
    return (await readEmbeddedText(await encodeImage(pixmap, "jpeg", text))).parameters?.length;
  };
  const room =
    mostOfJpeg - (exifOf({ software: "Fooocus v2.5.5", makerNote: "a1111", userComment: "" })?.length ?? 0);
  expect(await written(40_000)).toBe(40_000);
  expect(await written(room - 100)).toBe(room - 100);
  expect(await written(65_536)).toBeUndefined();
});
