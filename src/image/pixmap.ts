/**
 * 8-bit RGB rows without padding: `data.length` is width * height * 3. Moved across threads, never copied. Nobody writes
 * `channels`; that it cannot be 1 is what tells it from a {@link Greymap} to the compiler.
 */
export type Pixmap = Readonly<{ width: number; height: number; data: Uint8Array; channels?: 3 }>;
