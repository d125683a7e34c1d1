import { expect, test } from "bun:test";
import { readFooocusLog } from "#/stores/metadata/fooocus-log.ts";
import { logEntry, logOf, oldFacts } from "../../../support/old-fooocus.ts";

test("a log's buttons say what the pictures do not", () => {
  const html = logOf([
    logEntry("b.png", oldFacts("it's <b>\nbold</b>", "18446744073709551615")),
    logEntry("a.png", oldFacts("a", "1")),
  ]);
  const log = readFooocusLog(html);
  expect([...log.keys()]).toEqual(["b.png", "a.png"]);
  expect(log.get("b.png")?.facts).toMatchObject({
    prompt: "it's <b>\nbold</b>",
    seed: 18446744073709551615n,
    styles: ["Old Style"],
    width: 1152,
    height: 896,
    baseModel: "old.safetensors",
    loras: [{ name: "old-lora.safetensors", weight: 0.5, hash: "" }],
  });
});

test("before Fooocus 2.2 there is a table alone", () => {
  const row = (label: string, value: string) =>
    `<tr><td class='key'>${label}</td><td class='value'>${value}</td></tr>\n`;
  const rows = [
    row("Prompt", "two </br> lines"),
    row("Fooocus V2 Expansion", "and more"),
    row("Styles", "['Fooocus V2']"),
    row("Resolution", "(896, 1152)"),
    row("Base Model", "juggernautXL_version6Rundiffusion.safetensors"),
    row("LoRA 2", "x.safetensors : 0.25"),
    row("Seed", "42"),
  ];
  const html = logOf([
    `<div id="c_png" class="image-container"><hr><table><tr>\n<td><a href="c.png" target="_blank"></a></td><td><table class='metadata'>${rows.join("")}</table></td></tr></table></div>`,
  ]);
  expect(readFooocusLog(html).get("c.png")?.facts).toEqual({
    prompt: "two\nlines",
    promptExpansion: "and more",
    styles: ["Fooocus V2"],
    width: 896,
    height: 1152,
    baseModel: "juggernautXL_version6Rundiffusion.safetensors",
    loras: [{ name: "x.safetensors", weight: 0.25, hash: "" }],
    seed: 42n,
  });
});

test("what is no log, or a broken entry, says nothing", () => {
  expect(readFooocusLog("").size).toBe(0);
  expect(readFooocusLog(logOf(['<div id="x" class="image-container">'])).size).toBe(0);
  const broken = logEntry("d.png", {}).replace(/to_clipboard\('[^']*'\)/, "to_clipboard('%zz')");
  expect(readFooocusLog(logOf([broken])).size).toBe(0);
});
