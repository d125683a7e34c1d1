import { dlopen } from "bun:ffi";

/**
 * Tells ONNX Runtime not to report home: its Linux and macOS builds (seen in 1.30) write a device id and a queue of usage
 * events below `~/.cache/Microsoft` and upload them, unless this variable is set before its library starts. A value
 * that the user set stays. Through the C library, since an assignment to `process.env` does not reach native code.
 */
export function silenceTelemetry(): void {
  if (process.platform === "win32") return;
  const libc = process.platform === "darwin" ? "libc.dylib" : "libc.so.6";
  const library = dlopen(libc, {
    setenv: { args: ["cstring", "cstring", "i32"], returns: "i32" },
  });
  library.symbols.setenv(Buffer.from("ORT_DISABLE_TELEMETRY\0"), Buffer.from("1\0"), 0);
  library.close();
}
