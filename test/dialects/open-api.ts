import { isJsonObject, type Json, type JsonObject } from '#kernel/json';

/** One side of a comparison: a whole OpenAPI document, of which parts may be references. */
export interface OpenApi {
  operation(path: string, method: string): JsonObject | null;
  /** What a part is once its reference has been followed. */
  open(part: unknown): JsonObject;
  readonly schemes: JsonObject;
  readonly security: Json | undefined;
}

export function openApi(document: JsonObject): OpenApi {
  const open = (part: unknown): JsonObject => {
    if (!isJsonObject(part)) return {};
    if (typeof part.$ref !== 'string') return part;
    const steps = part.$ref.slice(2).split('/');
    return open(
      steps.reduce<unknown>((node, step) => (isJsonObject(node) ? node[step] : undefined), document),
    );
  };
  const components = open(document.components);
  return {
    open,
    schemes: open(components.securitySchemes),
    security: document.security,
    operation(path, method) {
      const item = open(open(document.paths)[path]);
      const found = item[method];
      if (!isJsonObject(found)) return null;
      const shared = Array.isArray(item.parameters) ? item.parameters : [];
      const own = Array.isArray(found.parameters) ? found.parameters : [];
      return { ...found, parameters: [...shared, ...own] };
    },
  };
}

/** Parameters by place and name, with whether each is required. */
export function parametersOf(api: OpenApi, operation: JsonObject): Record<string, boolean> {
  const listed = (operation.parameters as Json[]).map((one) => api.open(one));
  return Object.fromEntries(
    listed.map((one) => [`${String(one.in)} ${String(one.name)}`, one.required === true]),
  );
}

/** Every property of a schema, as paths: `items[].modelId`. */
export function propertiesOf(api: OpenApi, schema: unknown, prefix = ''): string[] {
  const node = api.open(schema);
  const found = new Set<string>();
  const addAll = (paths: string[]) => paths.forEach((path) => void found.add(path));
  for (const part of [node.allOf, node.anyOf, node.oneOf].flat())
    if (part !== undefined) addAll(propertiesOf(api, part, prefix));
  if (node.items !== undefined) addAll(propertiesOf(api, node.items, `${prefix}[]`));
  for (const [name, property] of Object.entries(api.open(node.properties))) {
    const path = prefix === '' ? name : `${prefix}.${name}`;
    found.add(path);
    addAll(propertiesOf(api, property, path));
  }
  return [...found];
}

/** The content of a body or answer by media type. */
export function contentOf(api: OpenApi, body: unknown): Record<string, JsonObject> {
  const content = api.open(api.open(body).content);
  return Object.fromEntries(Object.entries(content).map(([type, media]) => [type, api.open(media)]));
}

/** Ways to ask, each as what is presented where; an empty list is for everyone. */
export function waysIn(api: OpenApi, operation: JsonObject): string[] {
  const alternatives = (operation.security ?? api.security ?? []) as JsonObject[];
  return alternatives
    .map((alternative) =>
      Object.keys(alternative)
        .map((name) => {
          const scheme = api.open(api.schemes[name]);
          return [scheme.type, scheme.scheme ?? '', scheme.in ?? '', scheme.name ?? ''].map(String).join(' ');
        })
        .sort()
        .join(' + '),
    )
    .sort();
}
