import { expect, test } from "bun:test";
import type { FullReason } from "#/lib/full-reason.ts";
import { noteSentence } from "#/tasks/life-cycle/note-sentence.ts";

const said = (faces: number, shrunk: boolean, picture = 0, pictures = 1): string =>
  noteSentence({ note: "face-cropped", picture, pictures, faces, shrunk });

test("what a face picture showed is told with how many faces, and where they were found", () => {
  expect(said(0, false)).toBe("The FaceSwap image shows no face that was found: the whole picture was used.");
  expect(said(1, true)).toBe(
    "The FaceSwap image shows one face in a smaller copy, and none at its own size: that was used.",
  );
  expect(said(3, false, 1, 2)).toBe("FaceSwap image 2 of 2 shows 3 faces: the most certain one was used.");
  expect(said(2, true)).toBe(
    "The FaceSwap image shows 2 faces in a smaller copy, and none at its own size: the most certain one was used.",
  );
});

test("why a job with precision fast was drawn in full precision, and which layers kept theirs", () => {
  const why = (reason: FullReason): string => noteSentence({ note: "full-precision", reason });
  const start = "precision fast was drawn in full precision:";
  expect(why({ because: "device", device: "cuda" })).toBe(
    `${start} the engine works on cuda, and 8 bits are for processors.`,
  );
  expect(why({ because: "processor" })).toContain("lacks the instructions for products of 8 bits (VNNI)");
  expect(why({ because: "error", error: 0.055 })).toContain("were wrong by 5.5 %.");
  expect(why({ because: "gain", gain: 1.04 })).toContain("were only 1.04 times as fast.");
  expect(why({ because: "changed", layers: 700 })).toContain("the weights of all 700 layers themselves.");
  expect(why({ because: "cache", needed: 2 ** 31, budget: 2 ** 30 })).toBe(
    `${start} its weights in 8 bits take 2048 MB on disk, and derived_cache is 1024 MB: raise it.`,
  );
  expect(why({ because: "storage", message: "There is no room. Make some." })).toBe(
    `${start} There is no room. Make some.`,
  );
  expect(noteSentence({ note: "layers-full", layers: 10, full: 3 })).toBe(
    "precision fast: 3 of 10 layers kept their full precision, because a LoRA, a patch or a Control-LoRA changes their weights themselves.",
  );
});
