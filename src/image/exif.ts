/** The three texts that Fooocus' pictures carry in their EXIF block. */
export type ExifTexts = Readonly<{ software: string; makerNote: string; userComment: string }>;

/** Tag numbers (EXIF 2.3, table 4 ff.). */
export const tags = { software: 0x0131, makerNote: 0x927c, userComment: 0x9286 } as const;
/** The tag whose value is where EXIF's own directory begins. */
export const exifPointer = 0x8769;
/** Types of values (TIFF 6.0, section 2): UNDEFINED is EXIF's for bytes with a meaning of their own. */
export const valueTypes = { byte: 1, ascii: 2, long: 4, undefined: 7 } as const;
