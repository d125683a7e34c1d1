import { expect, test } from "bun:test";
import { InFlight } from "#/doors/mcp/protocol/in-flight.ts";

test("a request is ended by its asker and its id, as long as it is there", () => {
  const inFlight = new InFlight();
  const { signal, end } = inFlight.begin("one", 1);
  expect([inFlight.cancel("two", 1), inFlight.cancel("one", 2), inFlight.cancel("one", "1")]).toEqual([
    false,
    false,
    false,
  ]);
  expect(signal.aborted).toBe(false);
  expect([inFlight.cancel("one", 1), signal.aborted]).toEqual([true, true]);
  end();
  expect(inFlight.cancel("one", 1)).toBe(false);
});

test("of two requests with one id none is ended, since nobody knows which is meant, and the one that is left is", () => {
  const inFlight = new InFlight();
  const first = inFlight.begin("one", 1);
  const second = inFlight.begin("one", 1);
  expect([inFlight.cancel("one", 1), first.signal.aborted, second.signal.aborted]).toEqual([
    false,
    false,
    false,
  ]);
  first.end();
  expect([inFlight.cancel("one", 1), first.signal.aborted, second.signal.aborted]).toEqual([
    true,
    false,
    true,
  ]);
});
