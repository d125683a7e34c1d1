/** Files of swagger-ui-dist imported as text, which is how they come into the binary. */
declare module "swagger-ui-dist/swagger-ui-bundle.js" {
  const text: string;
  export default text;
}
declare module "swagger-ui-dist/swagger-ui.css" {
  const text: string;
  export default text;
}
declare module "swagger-ui-dist/oauth2-redirect.js" {
  const text: string;
  export default text;
}
