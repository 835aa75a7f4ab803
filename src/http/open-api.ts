import { isJsonObject, type JsonObject } from '#kernel/json';
import { exampleOf } from './example.ts';

/**
 * Finishes an OpenAPI document made from route schemas, in place: an example beside every body's schema, and
 * parameters that have a default may be left out.
 */
export function finishDocument<D extends object>(document: D): D {
  for (const { requestBody, responses, parameters } of operationsIn(document as JsonObject)) {
    for (const body of [requestBody, ...(isJsonObject(responses) ? Object.values(responses) : [])]) {
      if (isJsonObject(body) && isJsonObject(body.content)) addExamples(body.content);
    }
    for (const parameter of Array.isArray(parameters) ? parameters : []) {
      if (!isJsonObject(parameter) || !isJsonObject(parameter.schema)) continue;
      if (parameter.schema.default !== undefined) parameter.required = false;
    }
  }
  return document;
}

function addExamples(content: JsonObject): void {
  for (const media of Object.values(content)) {
    if (!isJsonObject(media) || media.example !== undefined) continue;
    const example = exampleOf(media.schema);
    if (example !== undefined) media.example = example;
  }
}

function operationsIn({ paths }: JsonObject): JsonObject[] {
  if (!isJsonObject(paths)) return [];
  return Object.values(paths)
    .flatMap((path) => (isJsonObject(path) ? Object.values(path) : []))
    .filter(isJsonObject);
}
