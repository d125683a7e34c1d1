import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addressOf } from "#/native/notify-socket.ts";
import { serviceManager, watchdogMilliseconds } from "#/native/service-manager.ts";
import { datagramListener } from "../../support/datagram-listener.ts";

const folder = mkdtempSync(join(tmpdir(), "fooocusd-notify-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("nobody is told where nobody wants to hear, or the address is none", () => {
  for (const path of [undefined, "", "relative", "vsock:2:1234", "@", `/${"x".repeat(108)}`])
    expect(serviceManager({ NOTIFY_SOCKET: path })).toBeUndefined();
});

test("an address is the family and the path, abstract ones behind a 0", () => {
  expect([...(addressOf("/a") ?? [])]).toEqual([1, 0, 0x2f, 0x61, 0]);
  expect([...(addressOf("@ab") ?? [])]).toEqual([1, 0, 0, 0x61, 0x62]);
  expect(addressOf(`/${"x".repeat(106)}`)?.length).toBe(110);
});

for (const [kind, path] of [
  ["in a folder", join(folder, "notify")],
  ["in the abstract namespace", `@fooocusd-${crypto.randomUUID()}`],
] as const)
  test(`the manager hears of everything in one datagram each, on a socket ${kind}`, async () => {
    const listener = datagramListener(path);
    const manager = serviceManager({ NOTIFY_SOCKET: path, WATCHDOG_USEC: "20000" });
    expect(listener.received()).toEqual([]);
    manager?.ready("Ready at\nhttp://a");
    expect(listener.received()).toEqual(["READY=1\nSTATUS=Ready at http://a", "WATCHDOG=1"]);
    const beats: string[] = [];
    while (beats.length < 3) {
      await Bun.sleep(5);
      beats.push(...listener.received());
    }
    expect(new Set(beats)).toEqual(new Set(["WATCHDOG=1"]));
    const told = () => listener.received().filter((text) => text !== "WATCHDOG=1");
    manager?.status("Draws 1");
    manager?.status("Draws 1");
    manager?.stopping("Stops");
    expect(told()).toEqual(["STATUS=Draws 1", "STOPPING=1\nSTATUS=Stops"]);
    listener.close();
    // Nobody listens any more: nothing happens.
    manager?.status("a");
  });

test("signs of life are for the process that they are asked of", () => {
  expect(watchdogMilliseconds({})).toBeUndefined();
  expect(watchdogMilliseconds({ WATCHDOG_USEC: "30000000" })).toBe(30_000);
  expect(watchdogMilliseconds({ WATCHDOG_USEC: "30000000", WATCHDOG_PID: `${process.pid}` })).toBe(30_000);
  expect(watchdogMilliseconds({ WATCHDOG_USEC: "30000000", WATCHDOG_PID: "1" })).toBeUndefined();
  expect(watchdogMilliseconds({ WATCHDOG_USEC: "soon" })).toBeUndefined();
  expect(watchdogMilliseconds({ WATCHDOG_USEC: "0" })).toBeUndefined();
});
