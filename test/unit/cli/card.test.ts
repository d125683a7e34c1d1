import { expect, test } from "bun:test";
import { cardBytes, cardFindings } from "#/cli/doctor/card.ts";

test("a card is called by its gigabytes", () => {
  expect(cardBytes("8")).toBe(8 * 2 ** 30);
  expect(cardBytes("1.5")).toBe(1.5 * 2 ** 30);
  for (const wrong of ["", "eight", "-1", "0", "8GB", "5000"])
    expect(() => cardBytes(wrong)).toThrow("--card takes gigabytes");
});

test("each usual job is a finding, weak where it does not fit, with the card that would do", () => {
  const findings = cardFindings(4 * 2 ** 30);
  expect(findings[0]?.found).toContain("4.29 GB");
  const sdxl = findings.find(({ found }) => found.startsWith("SDXL, 1024"));
  expect(sdxl).toMatchObject({ level: "weak", found: expect.stringContaining("6.21 GB") });
  expect(findings.find(({ found }) => found.startsWith("Vega"))?.level).toBe("good");
});
