import onnxProto, { type onnx as Onnx } from 'onnx-proto';

const { onnx } = onnxProto;

/** What Moonshine's merged decoder becomes: two graphs without the token embedding, which the caller looks up. */
export interface SplitDecoder {
  /** `embeds` [1, s, 288] and `encoder_hidden_states` [1, t, 288] to `token`, `logprob` [1, s] and all caches. */
  first: Uint8Array;
  /** `embeds` [1, 1, 288] and all caches to `token`, `logprob` [1, 1] and the six decoder caches. */
  next: Uint8Array;
  /** One row of 288 unsigned bytes a token: value = (byte - zeroPoint) * scale. */
  embeddings: Uint8Array;
  scale: number;
  zeroPoint: number;
}

const FLOAT = 1;
const UINT8 = 2;
const INT8 = 3;
const INT64 = 7;
const ATTRIBUTE_INT = 2;
const ATTRIBUTE_INTS = 7;

const EMBEDDING = 'model.decoder.embed_tokens.weight_merged_0';
const EMBEDDED = '/model/decoder/embed_tokens/Gather_output_0';
const TRANSPOSED = 'model.decoder.embed_tokens.weight_transposed';
const CACHES = ['decoder.key', 'decoder.value', 'encoder.key', 'encoder.value'] as const;

type Tensors = Map<string, Onnx.ITensorProto>;

/**
 * Rewrites Moonshine's merged decoder (opset 14, one If over two branches) into its two branches, each with the tied
 * output matrix kept in int8 and multiplied there: stock, that matrix is de-quantised at every token, which is half
 * the work. The chosen token and its log-probability are computed in the graph, so that 128 KiB of logits a token stay
 * out of JavaScript. Throws when the graph is not the one it knows.
 */
export function splitDecoder(merged: Uint8Array): SplitDecoder {
  const model = onnx.ModelProto.decode(merged);
  const graph = must(model.graph, 'graph');
  const branch = (name: string) =>
    must(graph.node?.[0]?.attribute?.find((a) => a.name === name)?.g, `branch ${name}`);
  const tensors: Tensors = new Map((graph.initializer ?? []).map((t) => [t.name ?? '', t]));
  const embedding = must(tensors.get(`${EMBEDDING}_quantized`), 'embedding');
  const [words, width] = (embedding.dims ?? []).map(Number);
  const embeddings = new Uint8Array(must(embedding.rawData, 'embedding bytes'));
  if (!words || !width || embeddings.length !== words * width) throw new Error('embedding has another shape');
  const scale = must(tensors.get(`${EMBEDDING}_scale`)?.floatData?.[0], 'embedding scale');
  const zeroPoint = must(tensors.get(`${EMBEDDING}_zero_point`)?.int32Data?.[0], 'embedding zero point');
  const output = outputTensors({ embeddings, words, width, scale, zeroPoint });
  const write = (nodes: Onnx.INodeProto[], io: Pick<Onnx.IGraphProto, 'input' | 'output' | 'name'>) =>
    onnx.ModelProto.encode({
      irVersion: model.irVersion,
      opsetImport: model.opsetImport,
      producerName: 'patchbay',
      graph: { ...io, node: nodes, initializer: [...output, ...signed(nodes, tensors)] },
    }).finish();
  return {
    first: write(branchNodes(branch('else_branch')), firstShape(width)),
    next: write(branchNodes(branch('then_branch')), nextShape(width)),
    embeddings,
    scale,
    zeroPoint,
  };
}

/**
 * The same model with the weights of its integer products shifted from unsigned to signed bytes: equal results, and
 * the kernels for unsigned-by-signed products are the fast ones.
 */
export function signWeights(bytes: Uint8Array): Uint8Array {
  const model = onnx.ModelProto.decode(bytes);
  const graph = must(model.graph, 'graph');
  const nodes = graph.node ?? [];
  const tensors: Tensors = new Map((graph.initializer ?? []).map((t) => [t.name ?? '', t]));
  graph.initializer = signed(nodes, tensors);
  return onnx.ModelProto.encode(model).finish();
}

function must<T>(value: T | null | undefined, what: string): T {
  if (value === null || value === undefined) throw new Error(`the decoder graph has no ${what}`);
  return value;
}

/** A branch's nodes with the embedding taken out in front and the int8 output product put in at the end. */
function branchNodes(branch: Onnx.IGraphProto): Onnx.INodeProto[] {
  const nodes = branch.node ?? [];
  const head = must(
    nodes.find((n) => n.output?.[0] === 'logits' && n.opType === 'MatMul' && n.input?.[1] === TRANSPOSED),
    'output product',
  );
  const gone = new Set([`${EMBEDDED}_quantized`, EMBEDDED, `${TRANSPOSED}_quantized`, TRANSPOSED, 'logits']);
  const kept = nodes.filter(
    (n) =>
      !n.output?.some((o) => gone.has(o)) &&
      !(n.opType === 'Constant' && n.output?.[0]?.startsWith('present.')),
  );
  const rewired = kept.map((n) => ({ ...n, input: n.input?.map((i) => (i === EMBEDDED ? 'embeds' : i)) }));
  return [...rewired, ...outputNodes(must(head.input?.[0], 'hidden state'))];
}

function outputNodes(hidden: string): Onnx.INodeProto[] {
  const node = (
    opType: string,
    wires: { input: string[]; output: string[] },
    attribute: Onnx.IAttributeProto[] = [],
  ) => ({
    ...wires,
    opType,
    attribute,
    name: `output/${wires.output[0]}`,
  });
  const flat = { name: 'keepdims', type: ATTRIBUTE_INT, i: 0 };
  const last = { name: 'axes', type: ATTRIBUTE_INTS, ints: [-1] };
  return [
    node('DynamicQuantizeLinear', {
      input: [hidden],
      output: ['hidden_bytes', 'hidden_scale', 'hidden_zero'],
    }),
    node('MatMulInteger', {
      input: ['hidden_bytes', 'output_bytes', 'hidden_zero', 'output_zero'],
      output: ['sums'],
    }),
    node('Cast', { input: ['sums'], output: ['float_sums'] }, [
      { name: 'to', type: ATTRIBUTE_INT, i: FLOAT },
    ]),
    node('Mul', { input: ['hidden_scale', 'output_scale'], output: ['sum_scale'] }),
    node('Mul', { input: ['float_sums', 'sum_scale'], output: ['logits'] }),
    node('ArgMax', { input: ['logits'], output: ['token'] }, [
      { name: 'axis', type: ATTRIBUTE_INT, i: -1 },
      flat,
    ]),
    node('ReduceMax', { input: ['logits'], output: ['top'] }, [last, flat]),
    node('ReduceLogSumExp', { input: ['logits'], output: ['total'] }, [last, flat]),
    node('Sub', { input: ['top', 'total'], output: ['logprob'] }),
  ];
}

function outputTensors(of: {
  embeddings: Uint8Array;
  words: number;
  width: number;
  scale: number;
  zeroPoint: number;
}): Onnx.ITensorProto[] {
  const { embeddings, words, width } = of;
  const turned = new Uint8Array(embeddings.length);
  for (let word = 0; word < words; word++) {
    for (let d = 0; d < width; d++) turned[d * words + word] = embeddings[word * width + d]! - 128;
  }
  return [
    { name: 'output_bytes', dims: [width, words], dataType: INT8, rawData: turned },
    { name: 'output_zero', dims: [], dataType: INT8, int32Data: [of.zeroPoint - 128] },
    { name: 'output_scale', dims: [], dataType: FLOAT, floatData: [of.scale] },
  ];
}

/** The tensors that `nodes` read, with the right-hand sides of their integer products as signed bytes. */
function signed(nodes: readonly Onnx.INodeProto[], tensors: Tensors): Onnx.ITensorProto[] {
  const read = new Set<string>();
  const weights = new Set<string>();
  const elsewhere = new Set<string>();
  for (const node of nodes) {
    const inputs = node.input ?? [];
    inputs.forEach((name, at) => {
      read.add(name);
      const isWeight = node.opType === 'MatMulInteger' && (at === 1 || at === 3);
      (isWeight ? weights : elsewhere).add(name);
    });
  }
  for (const name of elsewhere) if (weights.has(name)) throw new Error(`${name} is not only a weight`);
  const found: Onnx.ITensorProto[] = [];
  for (const name of read) {
    const tensor = tensors.get(name);
    if (tensor) found.push(weights.has(name) && tensor.dataType === UINT8 ? toSigned(tensor) : tensor);
  }
  return found;
}

function toSigned(tensor: Onnx.ITensorProto): Onnx.ITensorProto {
  const common = { name: tensor.name, dims: tensor.dims, dataType: INT8 };
  if (tensor.rawData?.length) return { ...common, rawData: tensor.rawData.map((byte) => byte - 128) };
  return { ...common, int32Data: (tensor.int32Data ?? []).map((value) => value - 128) };
}

const value = (name: string, elemType: number, dims: (number | string)[]): Onnx.IValueInfoProto => ({
  name,
  type: {
    tensorType: {
      elemType,
      shape: { dim: dims.map((d) => (typeof d === 'string' ? { dimParam: d } : { dimValue: d })) },
    },
  },
});

const cache = (side: 'past_key_values' | 'present', layer: number, kind: string) =>
  value(`${side}.${layer}.${kind}`, FLOAT, [1, 8, kind.startsWith('encoder') ? 'heard' : side, 36]);

const caches = (side: 'past_key_values' | 'present', kinds: readonly string[]) =>
  [0, 1, 2, 3, 4, 5].flatMap((layer) => kinds.map((kind) => cache(side, layer, kind)));

const firstShape = (width: number) => ({
  name: 'first',
  input: [
    value('embeds', FLOAT, [1, 'said', width]),
    value('encoder_hidden_states', FLOAT, [1, 'heard', width]),
  ],
  output: [
    value('token', INT64, [1, 'said']),
    value('logprob', FLOAT, [1, 'said']),
    ...caches('present', CACHES),
  ],
});

const nextShape = (width: number) => ({
  name: 'next',
  input: [value('embeds', FLOAT, [1, 1, width]), ...caches('past_key_values', CACHES)],
  output: [
    value('token', INT64, [1, 1]),
    value('logprob', FLOAT, [1, 1]),
    ...caches('present', CACHES.slice(0, 2)),
  ],
});
