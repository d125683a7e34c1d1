import type { Content, Operation, Parameter, ReferenceDocument } from "./reference-document.ts";
import { anchor, link, prose, text } from "./reference-html.ts";
import { schemaOf, typeOf } from "./reference-schema.ts";
import { style } from "./reference-style.ts";

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
