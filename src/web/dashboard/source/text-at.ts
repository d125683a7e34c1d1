/** Bytes of a file as letters; fewer where it ends. */
export const text = (file: Uint8Array, at: number, length: number): string =>
  String.fromCharCode(...file.subarray(at, at + length));
