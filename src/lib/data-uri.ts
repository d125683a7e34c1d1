/** Bytes as a data URI. @param type as clients are told it: a media type, or `image` where nobody has looked yet */
export const dataUri = (type: string, bytes: Uint8Array): string => `data:${type};base64,${bytes.toBase64()}`;
