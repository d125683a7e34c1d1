import type { Stored } from "./file-orientation.ts";
import { text } from "./text-at.ts";

/** The orientations of EXIF by quarters that a picture is turned to the left. */
const byQuarters = [1, 8, 3, 6];

/**
 * How an AVIF is turned: its property `irot` (ISO/IEC 23008-12, 6.5.10), nine bytes, of which the last says how many
 * quarters to the left.
 *
 * @throws Error for one that is mirrored (`imir`): a property that must be understood cannot be taken out of a file
 */
export function avifOrientation(file: Uint8Array<ArrayBuffer>): Stored {
  if (properties(file, "imir").length > 0) throw new Error("A mirrored AVIF is not taken.");
  const turns = properties(file, "irot");
  const [first] = turns;
  if (first === undefined) return { orientation: 1, upright: file };
  const upright = file.slice();
  // What belongs to the picture, its transparency for one, is turned as it is.
  for (const at of turns) upright[at] = 0;
  return { orientation: byQuarters[(file[first] ?? 0) & 3] ?? 1, upright };
}

/** Where the values of all properties of a name are. */
function properties(file: Uint8Array, name: string): readonly number[] {
  const found: number[] = [];
  const letter = name.charCodeAt(0);
  for (let at = file.indexOf(letter); at >= 0; at = file.indexOf(letter, at + 1))
    if (text(file, at, 4) === name && text(file, at - 4, 4) === "\0\0\0\t") found.push(at + 4);
  return found;
}
