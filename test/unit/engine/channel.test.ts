import { expect, test } from "bun:test";
import { processChannel } from "#/engine/channel.ts";

/** Why a process that ends at once says it did. */
const endOf = (...command: readonly string[]): Promise<string> =>
  new Promise((resolve) => {
    const channel = processChannel(command);
    channel.onClosed(resolve);
  });

test("how an engine's process ended is said, with the likely reason where there is one", async () => {
  expect(await endOf("/bin/sh", "-c", "exit 3")).toBe("the engine process ended (code 3)");
  // What the system does to a process whose mapped file got shorter.
  expect(await endOf("/bin/sh", "-c", "kill -BUS $$")).toBe(
    "the engine process ended (signal SIGBUS): a model file was overwritten or cut while it was in use; replace files by mv",
  );
  expect(await endOf("/bin/sh", "-c", "kill -KILL $$")).toContain(
    "(signal SIGKILL): somebody killed it, or the system",
  );
});

test("a program that cannot be started is an error with a code, and a message to one that has ended is dropped", async () => {
  let thrown: unknown;
  try {
    processChannel(["/nowhere/fooocusd", "--engine"]);
  } catch (caught) {
    thrown = caught;
  }
  expect(thrown).toMatchObject({
    code: "worker-died",
    message: expect.stringContaining("cannot be started"),
  });
  const channel = processChannel(["/bin/true"]);
  await new Promise<string>((resolve) => {
    channel.onClosed(resolve);
  });
  channel.post({ type: "unload" });
  channel.kill();
});
