/** Extensions of model files; what else stands behind a dot is part of a name. */
const extension = /\.(safetensors|sft|ckpt|pt|pth|bin|gguf|onnx)$/i;

/** What A1111 calls a file: its name without folder and extension. */
export const stem = (name: string): string =>
  name.replaceAll("\\", "/").replace(/^.*\//, "").replace(extension, "");
