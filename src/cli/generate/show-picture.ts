import ansiEscapes from "ansi-escapes";
import type { TerminalGraphicsSupport } from "supports-terminal-graphics";

/** Columns that a picture takes. */
const columns = 40;

/** Characters of base64 in one piece of kitty's protocol. */
const piece = 4096;

/**
 * A picture as a terminal shows it; nothing where it shows none.
 *
 * @param can what the terminal said of itself in its environment
 */
export function shownPicture(
  bytes: Uint8Array,
  can: Pick<TerminalGraphicsSupport, "kitty" | "iterm2">,
): string | undefined {
  const isPng = bytes[0] === 0x89;
  if (can.kitty && isPng) return kitty(bytes);
  return can.iterm2 ? ansiEscapes.image(bytes, { width: columns }) : undefined;
}

/** Kitty's graphics protocol: a PNG in pieces, of which all but the last announce another. No library does this alone. */
function kitty(png: Uint8Array): string {
  const text = Buffer.from(png).toString("base64");
  const count = Math.ceil(text.length / piece);
  return Array.from({ length: count }, (_, i) => {
    const keys = `${i === 0 ? `a=T,f=100,c=${columns},` : ""}m=${i + 1 < count ? 1 : 0}`;
    return `\u001B_G${keys};${text.slice(i * piece, (i + 1) * piece)}\u001B\\`;
  }).join("");
}
