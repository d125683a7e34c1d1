/** 8-bit RGB rows without padding: `data.length` is width * height * 3. Moved across threads, never copied. */
export type Pixmap = Readonly<{ width: number; height: number; data: Uint8Array }>;
