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
  oneOf?: readonly ReferenceSchema[];
  properties?: Readonly<Record<string, ReferenceSchema>>;
  required?: readonly string[];
}>;

/** A body by its media types. */
export type Content = Readonly<Record<string, Readonly<{ schema?: ReferenceSchema; example?: object }>>>;
/** A parameter of a route. */
export type Parameter = Readonly<{
  name: string;
  in: string;
  required?: boolean;
  description?: string;
  schema?: ReferenceSchema;
}>;
/** A method of a path. */
export type Operation = Readonly<{
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
