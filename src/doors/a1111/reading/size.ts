/** Pixels. */
export type Size = Readonly<{ width: number; height: number }>;
