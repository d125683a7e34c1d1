import { expect, test } from "bun:test";
import { complaint, type Example, examplesOf, withFacts } from "../../../scripts/docs/examples.ts";

const page = `# A page

\`\`\`sh
curl -s localhost:7866/ping
\`\`\`

\`\`\`nginx
location / {}
\`\`\`

<!-- example: refused -->
\`\`\`python
print(1)
\`\`\`

<!-- example: in a page -->
\`\`\`js
document.title;
\`\`\`
`;

test("a page's examples, with their lines and marks; what is no example or needs a web page is left", () => {
  expect(examplesOf("a.md", page)).toEqual([
    { page: "a.md", line: 3, language: "sh", code: "curl -s localhost:7866/ping\n", expects: "answer" },
    { page: "a.md", line: 12, language: "python", code: "print(1)\n", expects: "refused" },
  ]);
});

test("names of the pages become real ones", () => {
  const task = "0123456789abcdef0123456789abcdef";
  const facts = { host: "127.0.0.1:1", task, output: "2030-01-01/b.png", input: "c.png", dataUri: "data:," };
  const cases = {
    "ws://127.0.0.1:7866/v1/live": "ws://127.0.0.1:1/v1/live",
    "localhost:8888/tasks/208d105e00ad44b9b119a33f46fb9422": `127.0.0.1:1/tasks/${task}`,
    "job_id=208d105e-00ad-44b9-b119-a33f46fb9422": "job_id=01234567-89ab-cdef-0123-456789abcdef",
    "/outputs/2026-01-31/2026-01-31_12-00-00_1234.png": "/outputs/2030-01-01/b.png",
    [`/inputs/${"0".repeat(64)}.png`]: "/inputs/c.png",
    "https://example.com/cat.png": "data:,",
  };
  for (const [code, expected] of Object.entries(cases)) expect(withFacts(code, facts)).toBe(expected);
});

test("what counts as failed", () => {
  const judged = (given: Partial<Example>, code: number, stdout: string): string | undefined =>
    complaint(
      { page: "a.md", line: 1, language: "sh", code: "curl -s x", expects: "answer", ...given },
      { code, stdout, stderr: "" },
    );
  expect(judged({}, 0, "{}")).toBeUndefined();
  expect(judged({}, 7, "{}")).toBe("ended with 7");
  expect(judged({}, 28, "{}")).toBe("ended with 28");
  expect(judged({ code: "curl --max-time 3 x" }, 28, "{}")).toBeUndefined();
  expect(judged({}, 0, "")).toBe("printed nothing");
  expect(judged({ code: "curl -s x -o y" }, 0, "")).toBe("printed nothing");
  expect(judged({ code: "curl -fsS x -o y" }, 0, "")).toBeUndefined();
  for (const error of ['{"detail":"Not Found"}', "{'detail': 'Not Found'}", "{\n  detail: 'Not Found'\n}"])
    expect(judged({}, 0, error)).toBe("was answered with an error");
  const refused = { code: "curl x\ncurl y", expects: "refused" } as const;
  const refusal = '{"detail":[{"ctx":{"error":"missing-model"}}]}';
  expect(judged(refused, 0, refusal)).toBe("has 1 refusals for 2 requests");
  expect(judged(refused, 0, refusal + refusal)).toBeUndefined();
});
