import { expect, test } from "bun:test";
import { walkedOf } from "#/doors/a1111/reading/walked.ts";

test("the steps of a drawing over are the last ones of a schedule of as many as were asked for", () => {
  for (let steps = 1; steps <= 200; steps += 1)
    for (let percent = 0; percent <= 100; percent += 1) {
      const { steps: made, strength } = walkedOf(steps, percent / 100);
      // As the sampler cuts its schedule: whole where the strength is above 0.9999.
      const levels = strength > 0.9999 ? made : Math.trunc(made / strength);
      const wanted = Math.min(steps, Math.trunc(Math.min(percent / 100, 0.999) * steps) + 1);
      expect([steps, percent, levels, made]).toEqual([steps, percent, steps, wanted]);
    }
});
