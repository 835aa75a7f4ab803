import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { isJsonObject, type JsonObject } from '#kernel/json';
import { contentOf, type OpenApi, openApi, parametersOf, propertiesOf, waysIn } from './open-api.ts';
import { startVeevo } from './veevo/harness.ts';
import { startVoicex } from './voicex/harness.ts';

interface Running extends AsyncDisposable {
  app: { inject(request: { url: string }): Promise<{ json(): unknown }> };
}

const DIALECTS: readonly { name: string; start: () => Promise<Running> }[] = [
  { name: 'voicex', start: startVoicex },
  { name: 'veevo', start: startVeevo },
];

/** Statuses a contract permits on operations that have no such case here: an account may look while it is not paid. */
const NEVER: Readonly<Record<string, readonly string[]>> = { veevo: ['402', '404'] };

/** Of a listed success status any one will do: the documents leave open which it is. */
const isSuccess = (status: string) => status.startsWith('2');

describe.each(DIALECTS)('the reference of $name and its contract', ({ name, start }) => {
  const contract = openApi(
    parse(readFileSync(join(import.meta.dirname, name, 'contract.yaml'), 'utf8')) as JsonObject,
  );
  const operations = listed(join(import.meta.dirname, name, 'contract.yaml'));
  let api: Running;
  let served: OpenApi;
  let document: JsonObject;
  beforeAll(async () => {
    api = await start();
    document = (await api.app.inject({ url: `/${name}/openapi.json` })).json() as JsonObject;
    served = openApi(document);
  });
  afterAll(() => api[Symbol.asyncDispose]());

  const both = (path: string, method: string) => {
    const theirs = contract.operation(path, method)!;
    const ours = served.operation(path, method);
    expect(ours, 'it is served').not.toBeNull();
    return { theirs, ours: ours! };
  };

  it.each(operations)('%s: parameters', (_id, path, method) => {
    const { theirs, ours } = both(path, method);
    const given = parametersOf(served, ours);
    expect(given).toMatchObject(parametersOf(contract, theirs));
    const documented = parametersOf(contract, theirs);
    const demanded = Object.entries(given).flatMap(([key, required]) => (required ? key : []));
    expect(demanded.filter((key) => documented[key] !== true)).toEqual([]);
  });

  it.each(operations)('%s: what it takes', (_id, path, method) => {
    const { theirs, ours } = both(path, method);
    const wanted = contentOf(contract, theirs.requestBody);
    const taken = contentOf(served, ours.requestBody);
    expect(Object.keys(taken)).toEqual(Object.keys(wanted));
    for (const [type, media] of Object.entries(wanted)) {
      const properties = propertiesOf(served, taken[type]!.schema);
      const missing = propertiesOf(contract, media.schema).filter((path) => !properties.includes(path));
      expect(missing.filter((path) => !UNREAD.includes(path))).toEqual([]);
    }
  });

  it.each(operations)('%s: what it answers', (_id, path, method) => {
    const { theirs, ours } = both(path, method);
    const wanted = contract.open(theirs.responses);
    const given = served.open(ours.responses);
    const lacking = Object.keys(wanted).filter((status) => !isSuccess(status) && !(status in given));
    expect(lacking.filter((status) => !NEVER[name]?.includes(status))).toEqual([]);
    const success = Object.keys(given).filter(isSuccess);
    expect(success.length).toBeGreaterThan(0);
    expect(success.filter((status) => !(status in wanted))).toEqual([]);
    for (const status of Object.keys(given).filter((known) => known in wanted)) {
      const answers = contentOf(served, given[status]);
      const wantedContent = contentOf(contract, wanted[status]);
      const types = Object.keys(wantedContent).filter((type) => type in answers);
      // Two forms of XML are listed for one answer: either will do.
      expect(types.length > 0, status).toBe(Object.keys(wantedContent).length > 0);
      for (const type of types) {
        const media = wantedContent[type]!;
        const properties = propertiesOf(served, answers[type]!.schema);
        const missing = propertiesOf(contract, media.schema).filter((path) => !properties.includes(path));
        expect({ status, missing }).toEqual({ status, missing: [] });
      }
    }
  });

  it.each(operations)('%s: who may ask', (_id, path, method) => {
    const { theirs, ours } = both(path, method);
    expect(waysIn(served, ours)).toEqual(waysIn(contract, theirs));
  });

  it('every body has an example that fits its schema', () => {
    const ajv = new Ajv2020({ strict: false, validateSchema: false });
    formats.default(ajv);
    ajv.addFormat('password', true);
    let count = 0;
    const wrong: string[] = [];
    for (const [path, item] of Object.entries(served.open(document.paths))) {
      for (const [method, operation] of Object.entries(served.open(item))) {
        const { requestBody, responses } = served.open(operation);
        for (const [place, body] of [['body', requestBody], ...Object.entries(served.open(responses))]) {
          for (const [type, media] of Object.entries(contentOf(served, body))) {
            if (isBinary(media.schema)) continue;
            const fits = 'example' in media && ajv.validate(media.schema as object, media.example);
            if (!fits) wrong.push(`${method} ${path} ${String(place)} ${type}: ${ajv.errorsText()}`);
            count++;
          }
        }
      }
    }
    expect(wrong).toEqual([]);
    expect(count).toBeGreaterThan(operations.length * 3);
  });
});

/** Fields of Twilio's form that nothing here depends on; they are let in and passed over. */
const UNREAD = ['AccountSid', 'CallStatus', 'Direction', 'ApiVersion'];

function isBinary(schema: unknown): boolean {
  return isJsonObject(schema) && schema.contentEncoding === 'binary';
}

function listed(file: string): [id: string, path: string, method: string][] {
  const { paths } = parse(readFileSync(file, 'utf8')) as {
    paths: Record<string, Record<string, JsonObject>>;
  };
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).flatMap(([method, operation]): [string, string, string][] =>
      /^(get|post|put|patch|delete)$/.test(method) ? [[String(operation.operationId), path, method]] : [],
    ),
  );
}
