import { afterAll, beforeAll, expect, test } from "bun:test";
import { allExamples, openStage, type Stage } from "../../scripts/docs/stage.ts";

/** Longer than an example may take; the pictures in it are drawn by the real engine on the demo model. */
const patience = 250_000;

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
}, patience);
afterAll(() => stage?.close(), patience);

const without = { sh: Bun.which("curl") === null || Bun.which("bash") === null, js: false };

// Python's need packages that a test does not install; scripts/docs/run-examples.ts runs them.
for (const example of await allExamples()) {
  const { page, line, language } = example;
  if (language === "python") continue;
  test.skipIf(without[language])(
    `docs/${page}:${line} ${language}`,
    async () => expect(await stage.tried(example)).toBeUndefined(),
    patience,
  );
}
