import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { parse } from 'yaml';
import { isJsonObject, type JsonObject } from '#kernel/json';

/** One operation of a contract. */
export interface Operation {
  readonly id: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With `{id}` and the like. */
  readonly path: string;
  readonly statuses: readonly number[];
  /** Whether it takes a credential. */
  readonly isProtected: boolean;
  /** The example of its request body; undefined where it shows none. */
  readonly example: unknown;
}

export interface SeenAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: unknown;
}

/** An OpenAPI document that answers are held against. */
export interface Contract {
  /** By operation id. */
  readonly operations: ReadonlyMap<string, Operation>;
  operation(id: string): Operation;
  /** What is wrong with an answer by the contract's own schema; empty when nothing is. */
  breaches(operation: Operation, answer: SeenAnswer): string[];
}

/**
 * Reads a contract. `everywhere` are statuses that every operation may answer though the document does not list them;
 * their body is that of 500.
 */
export function openContract(file: string, everywhere: readonly number[] = []): Contract {
  const document = parse(readFileSync(file, 'utf8')) as JsonObject;
  const validatorOf = validators(document);
  const operations = new Map(
    Object.entries(at(document, ['paths'])).flatMap(([path, methods]) =>
      Object.entries(methods as JsonObject)
        .filter(([method]) => /^(get|post|put|patch|delete)$/.test(method))
        .map(([method, words]) => {
          const operation = operationOf(document, [path, method], words as JsonObject);
          return [operation.id, operation] as const;
        }),
    ),
  );
  return {
    operations,
    operation(id) {
      const found = operations.get(id);
      if (!found) throw new Error(`the contract has no operation ${id}`);
      return found;
    },
    breaches(operation, { status, contentType, body }) {
      const isListed = operation.statuses.includes(status);
      if (!isListed && !everywhere.includes(status)) return [`${operation.id} has no status ${status}`];
      const method = operation.method.toLowerCase();
      const listed = String(isListed ? status : 500);
      const response = at(document, ['paths', operation.path, method, 'responses', listed]);
      if (response.content === undefined) return body === '' ? [] : ['a body where none is documented'];
      const mediaType = contentType.split(';')[0]!.trim();
      const media = (response.content as JsonObject)[mediaType];
      if (!isJsonObject(media)) return [`${operation.id} ${status} is not documented as ${mediaType}`];
      const validate = validatorOf(media.schema);
      if (validate(body)) return [];
      return (validate.errors ?? []).map((error) => `${error.instancePath || 'body'} ${error.message}`);
    },
  };
}

function operationOf(document: JsonObject, [path, method]: [string, string], words: JsonObject): Operation {
  const media =
    isJsonObject(words.requestBody) && at(document, ['paths', path, method, 'requestBody', 'content']);
  const [first] = Object.values(media || {});
  return {
    id: String(words.operationId),
    method: method.toUpperCase() as Operation['method'],
    path,
    statuses: Object.keys(words.responses as JsonObject).map(Number),
    isProtected: !(Array.isArray(words.security) && words.security.length === 0),
    example: isJsonObject(first) ? first.example : undefined,
  };
}

function at(document: JsonObject, pointer: readonly string[]): JsonObject {
  let node: unknown = document;
  for (const step of pointer) {
    node = isJsonObject(node) ? node[step] : undefined;
    if (isJsonObject(node) && typeof node.$ref === 'string')
      node = at(document, node.$ref.slice(2).split('/'));
  }
  if (!isJsonObject(node)) throw new Error(`the contract has no ${pointer.join(' ')}`);
  return node;
}

function validators(document: JsonObject): (schema: unknown) => ValidateFunction {
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateSchema: false });
  formats.default(ajv);
  ajv.addFormat('password', true);
  ajv.addFormat('int64', true);
  ajv.addSchema(document, 'contract');
  const known = new Map<string, ValidateFunction>();
  return (schema) => {
    const key = JSON.stringify(schema);
    const found = known.get(key);
    if (found) return found;
    const made = ajv.compile(JSON.parse(key.replaceAll('"$ref":"#/', '"$ref":"contract#/')) as object);
    known.set(key, made);
    return made;
  };
}
