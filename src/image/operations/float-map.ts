/** Values of a picture as float32, pixel by pixel without padding: `data.length` is width * height * channels. */
export type FloatMap = Readonly<{ width: number; height: number; channels: number; data: Float32Array }>;
