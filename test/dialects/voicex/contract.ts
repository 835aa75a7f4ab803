import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { parse } from 'yaml';
import { isJsonObject, type JsonObject } from '#kernel/json';

/** One operation of the contract. */
export interface Operation {
  readonly id: string;
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** With `{id}` and the like. */
  readonly path: string;
  readonly statuses: readonly number[];
  /** Whether it takes a credential. */
  readonly isProtected: boolean;
}

const FILE = join(import.meta.dirname, 'contract.yaml');
const document = parse(readFileSync(FILE, 'utf8')) as JsonObject;
const ajv = new Ajv2020({ strict: false, allErrors: true, validateSchema: false });
formats.default(ajv);
ajv.addFormat('password', true);
ajv.addFormat('int64', true);
ajv.addSchema(document, 'contract');
const validators = new Map<string, ValidateFunction>();

function at(pointer: readonly string[]): JsonObject {
  let node: unknown = document;
  for (const step of pointer) node = isJsonObject(node) ? node[step] : undefined;
  if (!isJsonObject(node)) throw new Error(`the contract has no ${pointer.join(' ')}`);
  return typeof node.$ref === 'string' ? at(node.$ref.slice(2).split('/')) : node;
}

/** Every operation of the contract by its id. */
export const OPERATIONS: ReadonlyMap<string, Operation> = new Map(
  Object.entries(at(['paths'])).flatMap(([path, methods]) =>
    Object.entries(methods as JsonObject)
      .filter(([method]) => method !== 'parameters')
      .map(([method, words]) => {
        const operation = words as JsonObject;
        const id = String(operation.operationId);
        return [
          id,
          {
            id,
            method: method.toUpperCase() as Operation['method'],
            path,
            statuses: Object.keys(operation.responses as JsonObject).map(Number),
            isProtected: !(Array.isArray(operation.security) && operation.security.length === 0),
          },
        ] as const;
      }),
  ),
);

export function operationOf(id: string): Operation {
  const found = OPERATIONS.get(id);
  if (!found) throw new Error(`the contract has no operation ${id}`);
  return found;
}

/** What is wrong with an answer by the contract's own schema; empty when nothing is. */
export function breaches(
  operation: Operation,
  answer: { status: number; contentType: string; body: unknown },
): string[] {
  if (!operation.statuses.includes(answer.status)) return [`${operation.id} has no status ${answer.status}`];
  const method = operation.method.toLowerCase();
  const response = at(['paths', operation.path, method, 'responses', String(answer.status)]);
  if (response.content === undefined) return answer.body === '' ? [] : ['a body where none is documented'];
  const mediaType = answer.contentType.split(';')[0]!.trim();
  const media = (response.content as JsonObject)[mediaType];
  if (!isJsonObject(media)) return [`${operation.id} ${answer.status} is not documented as ${mediaType}`];
  const validate = validatorOf(media.schema);
  if (validate(answer.body)) return [];
  return (validate.errors ?? []).map((error) => `${error.instancePath || 'body'} ${error.message}`);
}

function validatorOf(schema: unknown): ValidateFunction {
  const key = JSON.stringify(schema);
  const known = validators.get(key);
  if (known) return known;
  const absolute = JSON.parse(key.replaceAll('"$ref":"#/', '"$ref":"contract#/')) as object;
  const made = ajv.compile(absolute);
  validators.set(key, made);
  return made;
}
