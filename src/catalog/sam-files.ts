/** Segment Anything's files in the sam folder, by what requests call their sizes. */
export const samFileNames = {
  vit_b: "sam_vit_b_01ec64.pth",
  vit_l: "sam_vit_l_0b3195.pth",
  vit_h: "sam_vit_h_4b8939.pth",
} as const;
