/** Where pictures are asked for. */
export const generatePath = "/v1/engine/generate/";
