/** Runs of blanks become one; commas, full stops and blanks go from both ends. */
export const cleanLine = (line: string): string =>
  line.replace(/ {2,}/g, " ").replace(/^[,. \r\n]+|(?<![,. \r\n])[,. \r\n]+$/g, "");
