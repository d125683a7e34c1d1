/** The parts of a JSON Schema that the page shows. */
export type ReferenceSchema = Readonly<{
  $ref?: string;
  type?: string;
  description?: string;
  default?: unknown;
  enum?: readonly unknown[];
  minimum?: number;
  maximum?: number;
  items?: ReferenceSchema;
  anyOf?: readonly ReferenceSchema[];
  properties?: Readonly<Record<string, ReferenceSchema>>;
  required?: readonly string[];
}>;

type Content = Readonly<Record<string, Readonly<{ schema?: ReferenceSchema; example?: object }>>>;
type Parameter = Readonly<{
  name: string;
  in: string;
  required?: boolean;
  description?: string;
  schema?: ReferenceSchema;
}>;
type Operation = Readonly<{
  summary?: string;
  description?: string;
  tags?: readonly string[];
  parameters?: readonly Parameter[];
  requestBody?: Readonly<{ content: Content }>;
  responses: Readonly<Record<string, Readonly<{ description?: string; content?: Content }>>>;
}>;

/** The parts of an OpenAPI document that the page shows. */
export type ReferenceDocument = Readonly<{
  info: Readonly<{ version: string; description?: string }>;
  tags: readonly Readonly<{ name: string; description: string }>[];
  paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  components: Readonly<{ schemas: Readonly<Record<string, ReferenceSchema>> }>;
}>;

/**
 * The API as one page to read, without a script and without anything from elsewhere. FastAPI's `/redoc` loads Redoc from
 * the internet; this shows the same document in plain HTML.
 */
export function referencePage({ info, tags, paths, components }: ReferenceDocument): string {
  const declared = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const untagged = { name: undefined, description: "Pages" };
  const groups = [...tags, untagged].map(({ name, description }) => ({
    title: name === undefined ? description : `${name}: ${description}`,
    members: declared.filter(({ operation }) => operation.tags?.[0] === name),
  }));
  const places = groups.map(({ title, members }) => {
    const links = members.map(
      ({ path, method }) =>
        `<li><a href="#${anchor(method, path)}">${method.toUpperCase()} ${text(path)}</a></li>`,
    );
    return `<h4>${text(title)}</h4><ul>${links.join("")}</ul>`;
  });
  const operations = groups.flatMap(({ members }) => members);
  const schemas = Object.entries(components.schemas);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>fooocusd: API reference</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<h1>fooocusd: API reference</h1>
<p>${text(info.description ?? "")} Version ${text(info.version)}. <a href="docs">Try it</a> · <a href="openapi.json">openapi.json</a></p>
<nav>${places.join("")}<h4>Schemas</h4><p>${schemas.map(([name]) => link(name)).join(" · ")}</p></nav>
${operations.map(({ path, method, operation }) => operationOf(path, method, operation)).join("\n")}
<h2>Schemas</h2>
${schemas.map(([name, schema]) => `<section id="${name}"><h3>${text(name)}</h3>${schemaOf(schema)}</section>`).join("\n")}
</body>
</html>
`;
}

function operationOf(path: string, method: string, operation: Operation): string {
  const { summary, description, parameters = [], requestBody, responses } = operation;
  const answers = Object.entries(responses).map(
    ([status, { description: said = "", content = {} }]) =>
      `<tr><td>${text(status)}</td><td>${prose(said)}</td><td>${contentOf(content)}</td></tr>`,
  );
  return `<section id="${anchor(method, path)}">
<h2><code>${method.toUpperCase()} ${text(path)}</code></h2>
<p>${prose([summary, description].filter(Boolean).join(". "))}</p>
${parameters.length === 0 ? "" : `<h4>Parameters</h4><table>${parameters.map(parameterRow).join("")}</table>`}
${requestBody === undefined ? "" : `<h4>Body</h4><p>${contentOf(requestBody.content)}</p>`}
<h4>Answers</h4><table>${answers.join("")}</table>
</section>`;
}

const parameterRow = ({ name, in: place, required = false, description, schema = {} }: Parameter): string =>
  `<tr><td><code>${text(name)}</code></td><td>${text(place)}${required ? ", required" : ""}</td><td>${typeOf(schema)}</td><td>${text(description ?? "")}</td></tr>`;

const contentOf = (content: Content): string =>
  Object.entries(content)
    .map(([type, { schema = {} }]) => `${text(type)}: ${typeOf(schema)}`)
    .join("<br>");

function schemaOf(schema: ReferenceSchema): string {
  const { properties, required = [], description } = schema;
  if (properties === undefined) return `<p>${typeOf(schema)}</p>`;
  const rows = Object.entries(properties).map(([name, property]) => {
    const must = required.includes(name) ? ", required" : "";
    return `<tr><td><code>${text(name)}</code></td><td>${typeOf(property)}${must}</td><td>${text(property.description ?? "")}</td></tr>`;
  });
  return `<p>${text(description ?? "")}</p><table>${rows.join("")}</table>`;
}

function typeOf(schema: ReferenceSchema): string {
  const { $ref, type, enum: values, items, anyOf, minimum, maximum, default: fallback } = schema;
  const kind =
    $ref !== undefined
      ? link($ref.split("/").at(-1) ?? "")
      : values !== undefined
        ? values.map((value) => `<code>${text(JSON.stringify(value))}</code>`).join(" | ")
        : anyOf !== undefined
          ? anyOf.map(typeOf).join(" | ")
          : items !== undefined
            ? `list of ${typeOf(items)}`
            : text(type ?? "anything");
  const range = minimum === undefined && maximum === undefined ? "" : ` ${minimum ?? ""}..${maximum ?? ""}`;
  return `${kind}${range}${fallback === undefined ? "" : ` = <code>${text(JSON.stringify(fallback))}</code>`}`;
}

const link = (name: string): string => `<a href="#${text(name)}">${text(name)}</a>`;
const anchor = (method: string, path: string): string =>
  text(`${method}${path.replaceAll(/[^a-zA-Z0-9]+/g, "-")}`);
const text = (value: string): string =>
  value.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
/** Descriptions are Markdown, of which ours use the marks of code only. */
const prose = (value: string): string => text(value).replaceAll(/`([^`]+)`/g, "<code>$1</code>");

const style = `
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #222; background: #fff }
h2 { margin-top: 2.5rem; border-top: 1px solid #ddd; padding-top: 1rem; font-size: 1.15rem } h4 { margin: 1rem 0 .3rem } ul { margin: 0 }
table { border-collapse: collapse; width: 100% } td { border: 1px solid #ddd; padding: .3rem .5rem; vertical-align: top }
code { font: .9em ui-monospace, monospace; overflow-wrap: anywhere } a { color: #0a58ca }
@media (prefers-color-scheme: dark) { body { color: #ddd; background: #181818 } td, h2 { border-color: #444 } a { color: #7ab0ff } }
`;
