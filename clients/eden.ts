/**
 * A client of fooocusd by Elysia's treaty (`@elysiajs/eden`): routes are properties, what they take and answer has types, and so has
 * what is refused. This file is all there is to it: copy it beside the types that openapi-typescript makes of your server's
 * `/openapi.json`. docs/clients.md has the commands.
 *
 *     import { fooocusd } from "./eden";
 *     import type { paths } from "./schema";
 *     const api = fooocusd<paths>("http://127.0.0.1:7866", { key: "secret" });
 *     const { data, error } = await api.v1.engine.generate.post({ prompt: "a circle" });
 */
import { type Treaty, treaty } from "@elysiajs/eden";
import type { Elysia } from "elysia";

/** One event of a stream. */
export type ServerEvent = Readonly<{ id?: string | number; event?: string; data: unknown }>;

/** The routes of a server as Elysia types them, from the `paths` of openapi-typescript. */
export type App<Paths> = Elysia & { "~Routes": RoutesOf<Paths> };

/**
 * A client of the server at an address.
 *
 * @param key sent with each request
 */
export const fooocusd = <Paths>(
  address: string,
  { key }: Readonly<{ key?: string }> = {},
): Treaty.Create<App<Paths>> =>
  treaty<App<Paths>>(address, {
    headers: key === undefined ? {} : { "x-api-key": key },
    fetcher: asServed as typeof fetch,
    onResponse: pictureOf,
    // A text that looks like a date is a text here.
    parseDate: false,
  });

/** Eden asks for no path that ends with a slash, and knows no event but of lines that end with a line feed alone. */
async function asServed(address: string, init?: RequestInit): Promise<Response> {
  const response = await fetch(address.replace(/\/v1\/engine\/generate(?=\?|$)/, "$&/"), init);
  const { body, headers, status } = response;
  if (body === null || headers.get("content-type")?.startsWith("text/event-stream") !== true) return response;
  return new Response(plainEvents(body), { headers, status });
}

/** Events of which each has its data in a line. A line of data that is empty, which ends each event, would replace it. */
function plainEvents(body: ReadableStream<Uint8Array<ArrayBuffer>>): ReadableStream<Uint8Array<ArrayBuffer>> {
  const decoder = new TextDecoder();
  const encoder = new TextEncoder();
  let rest = "";
  return body.pipeThrough(
    new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform: (bytes, controller) => {
        const lines = (rest + decoder.decode(bytes, { stream: true })).split(/\r?\n/);
        rest = lines.pop() ?? "";
        for (const line of lines)
          if (line.trimEnd() !== "data:") controller.enqueue(encoder.encode(`${line}\n`));
      },
    }),
  );
}

/** A picture as it is; Eden would read it as a text. */
const pictureOf = async (response: Response): Promise<Blob | undefined> =>
  response.headers.get("content-type")?.startsWith("image/") === true ? await response.blob() : undefined;

/** The tree of routes: `/tasks/{task_id}` is `tasks`, and in it `:task_id`. */
type RoutesOf<Paths> = Together<
  { [P in keyof Paths & string]: Nested<P, MethodsOf<Paths[P]>> }[keyof Paths & string]
>;

type Nested<Path extends string, Methods> = Path extends "" | "/"
  ? Methods
  : Path extends `/${infer Rest}`
    ? Nested<Rest, Methods>
    : Path extends `${infer Part}/${infer Rest}`
      ? { [name in Named<Part>]: Nested<Rest, Methods> }
      : { [name in Named<Path>]: Methods };

type Named<Part extends string> = Part extends `{${infer Name}}` ? `:${Name}` : Part;

type Together<U> = (U extends unknown ? (one: U) => void : never) extends (all: infer All) => void
  ? All extends Record<string, unknown>
    ? All
    : never
  : never;

type MethodsOf<Item> = {
  [M in keyof Item as M extends "parameters"
    ? never
    : Item[M] extends { responses: unknown }
      ? M
      : never]: RouteOf<Item[M]>;
};

type RouteOf<Operation> = {
  body: BodyOf<Operation>;
  params: unknown;
  query: Said<Operation, "query">;
  headers: Said<Operation, "header">;
  response: Operation extends { responses: infer Answers }
    ? { [S in keyof Answers & number]: AnswerOf<Answers[S]> }
    : never;
};

/** Parameters of a kind; none may be said where there are none. */
type Said<Operation, Kind extends "query" | "header"> = Operation extends {
  parameters: { [K in Kind]?: infer Parameters };
}
  ? [Exclude<Parameters, undefined>] extends [never]
    ? Record<string, never>
    : Exclude<Parameters, undefined>
  : Record<string, never>;

type BodyOf<Operation> = Operation extends { requestBody: { content: infer Content } }
  ? ContentOf<Content, "application/json"> | FormOf<ContentOf<Content, "multipart/form-data">>
  : undefined;

/** A file is a text in the types; Eden makes a form of what has one. */
type FormOf<Form> = { [Name in keyof Form]: string extends Form[Name] ? Form[Name] | Blob : Form[Name] };

type AnswerOf<Answer> = Answer extends { content: infer Content }
  ?
      | ContentOf<Content, "application/json">
      | ContentOf<Content, "text/plain">
      | ("text/event-stream" extends keyof Content ? AsyncGenerator<ServerEvent, void, unknown> : never)
      | (Extract<keyof Content, `image/${string}`> extends never ? never : Blob)
  : // Eden reads an answer without a body as an empty text.
    "";

type ContentOf<Content, Type extends string> = Content extends { [T in Type]: infer Value } ? Value : never;
