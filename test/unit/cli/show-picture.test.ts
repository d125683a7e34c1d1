import { expect, test } from "bun:test";
import sharp from "sharp";
import { numbered } from "#/cli/generate/numbered.ts";
import { requestOf } from "#/cli/generate/request-of.ts";
import { shownPicture } from "#/cli/generate/show-picture.ts";

const none = { kitty: false, iterm2: false };
const png = await sharp({ create: { width: 90, height: 60, channels: 3, background: "red" } })
  .png()
  .toBuffer();

test("a picture is shown by the protocol that the terminal has, kitty's in pieces that end, and by none where there is none", () => {
  const kitty = shownPicture(png, { ...none, kitty: true }) ?? "";
  expect(kitty).toStartWith("\u001B_Ga=T,f=100");
  const data = [...kitty.matchAll(/\u001B_G[^;]*;([^\u001B]*)\u001B\\/g)].map(([, text]) => text).join("");
  expect(Buffer.from(data, "base64")).toEqual(png);
  expect(shownPicture(png, { ...none, iterm2: true })).toStartWith("\u001B]1337;File=");
  expect(shownPicture(png, none)).toBeUndefined();
});

test("fields are JSON where they can be, else text, and are read by the contract", () => {
  const request = requestOf(
    "a cat",
    ["image_number=2", "sampler_name=euler", "save_extension=png"].slice(0, 2),
    "a.jpg",
  );
  expect(request).toMatchObject({
    prompt: "a cat",
    image_number: 2,
    sampler_name: "euler",
    output_format: "jpeg",
  });
  expect(() => requestOf("a cat", ["sampler=euler"], undefined)).toThrow("no field sampler");
  expect(() => requestOf("a cat", ["image_number=many"], undefined)).toThrow("image_number");
  expect(() => requestOf("a cat", [], "a.gif")).toThrow("--output takes a name that ends in");
});

test("several pictures are numbered before their ending", () => {
  expect([numbered("x/a.b.png", 2), numbered("a.png", undefined)]).toEqual(["x/a.b-2.png", "a.png"]);
});
