import { CString, dlopen } from "bun:ffi";
import { expect, test } from "bun:test";
import { silenceTelemetry } from "#/native/telemetry.ts";

test.skipIf(process.platform !== "linux")("native code sees the switch; a user's own value stays", () => {
  const { symbols } = dlopen("libc.so.6", {
    getenv: { args: ["cstring"], returns: "ptr" },
    setenv: { args: ["cstring", "cstring", "i32"], returns: "i32" },
    unsetenv: { args: ["cstring"], returns: "i32" },
  });
  const name = Buffer.from("ORT_DISABLE_TELEMETRY\0");
  const read = () => {
    const found = symbols.getenv(name);
    return found === null ? undefined : new CString(found).slice(0);
  };
  symbols.unsetenv(name);
  silenceTelemetry();
  expect(read()).toBe("1");
  symbols.setenv(name, Buffer.from("0\0"), 1);
  silenceTelemetry();
  expect(read()).toBe("0");
  symbols.setenv(name, Buffer.from("1\0"), 1);
});
