import type { Claims } from "../claims.ts";

/** Markers that begin a frame (ITU-T T.81, table B.1): all from C0 to CF but DHT, JPG and DAC. */
const isFrame = (marker: number): boolean =>
  marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;

/** Markers without a segment: restarts, the start, TEM, and stuffing. */
const isBare = (marker: number): boolean =>
  marker <= 0x01 || (marker >= 0xd0 && marker <= 0xd8) || marker === 0xff;

/** Walks through a JPEG's markers, those between its scans too. */
export function claimsOfJpeg(file: Buffer, claims: Claims): void {
  for (let at = file.indexOf(0xff); at >= 0 && at + 4 <= file.length; ) {
    const marker = file[at + 1] ?? 0;
    if (marker === 0xd9) return;
    if (isBare(marker)) {
      // A run of fill bytes may end in a marker.
      at = file.indexOf(0xff, marker === 0xff ? at + 1 : at + 2);
      continue;
    }
    const length = file.readUInt16BE(at + 2);
    if (isFrame(marker) && at + 10 <= file.length) {
      claims.size(file.readUInt16BE(at + 7), file.readUInt16BE(at + 5));
      claims.channels(file[at + 9] ?? 0);
    } else if (marker === 0xda) claims.scan();
    else if ((marker >= 0xe0 && marker <= 0xef) || marker === 0xfe) claims.chunk(length);
    at = file.indexOf(0xff, at + 2 + length);
  }
}
