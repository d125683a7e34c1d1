/** Wildcard lists imported as text, which is how they come into the binary. */
declare module "#/assets/wildcards/*.txt" {
  const text: string;
  export default text;
}
