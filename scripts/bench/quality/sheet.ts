import sharp from "sharp";

/** A picture of a contact sheet; `caption` below it, `marked` ones get a red line. */
export type SheetCell = Readonly<{ image: Uint8Array; caption: string; marked?: boolean }>;

export type SheetLook = Readonly<{
  columns: number;
  /** Pixels of a picture's box; pictures are fitted into it. */
  width: number;
  height: number;
  /** Heading of each row, in order; rows beyond it have none. */
  headings?: readonly string[];
}>;

const gap = 10;
const captionHeight = 43;
const headingHeight = 34;

/** Lays pictures out in rows with captions. @returns a WebP */
export async function contactSheet(cells: readonly SheetCell[], look: SheetLook): Promise<Uint8Array> {
  const { columns, width, height, headings = [] } = look;
  const rows = Math.ceil(cells.length / columns);
  const tops = Array.from(
    { length: rows + 1 },
    (_, row) =>
      gap + row * (height + captionHeight + gap) + Math.min(row + 1, headings.length) * headingHeight,
  );
  const place = (at: number) => ({
    left: gap + (at % columns) * (width + gap),
    top: tops[Math.floor(at / columns)] ?? 0,
  });
  const total = {
    width: gap + Math.min(columns, cells.length) * (width + gap),
    height: gap + rows * (height + captionHeight + gap) + headings.length * headingHeight,
  };
  const texts = cells.map((cell, at) => captionSvg(cell, place(at), { width, height }));
  const heads = headings.map(
    (text, row) =>
      `<text x="${gap}" y="${(tops[row] ?? 0) - 12}" font-size="16" font-weight="600">${escape(text)}</text>`,
  );
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${total.width}" height="${total.height}"
    font-family="sans-serif" fill="#22262a">${[...texts, ...heads].join("")}</svg>`;
  const pictures = await Promise.all(
    cells.map(async ({ image }, at) => ({
      input: await sharp(image).resize(width, height, { fit: "contain", background: "#fffefb" }).toBuffer(),
      ...place(at),
    })),
  );
  return sharp({ create: { ...total, channels: 3, background: "#fffefb" } })
    .composite([...pictures, { input: Buffer.from(svg), left: 0, top: 0 }])
    .webp({ quality: 82, effort: 6 })
    .toBuffer();
}

type Box = Readonly<{ width: number; height: number }>;

function captionSvg({ caption, marked }: SheetCell, at: { left: number; top: number }, box: Box): string {
  const lines = wrap(caption, Math.floor(box.width / 5.6)).slice(0, 3);
  const x = at.left + box.width / 2;
  const y = at.top + box.height + 13;
  const spans = lines.map((line, i) => `<tspan x="${x}" y="${y + 13 * i}">${escape(line)}</tspan>`);
  const size = `width="${box.width}" height="${box.height}"`;
  const frame = `<rect x="${at.left}" y="${at.top}" ${size} fill="none" stroke="#e00000" stroke-width="5"/>`;
  return `${marked === true ? frame : ""}<text font-size="11" text-anchor="middle">${spans.join("")}</text>`;
}

function wrap(text: string, most: number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < most) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

const escape = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
