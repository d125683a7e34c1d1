import { expect, test } from "bun:test";
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
