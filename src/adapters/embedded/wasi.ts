/** The part of the WebAssembly API that is used here; Node's types leave it to the browser's. */
interface WasmApi {
  compile(bytes: Uint8Array): Promise<WasmModule>;
  Instance: new (module: WasmModule, imports: object) => { exports: Record<string, unknown> };
}

const wasm = (globalThis as unknown as { WebAssembly: WasmApi }).WebAssembly;

/** A compiled program. */
export type WasmModule = object & { readonly brand?: 'WebAssembly.Module' };

/** Compiles a program; rejects when it isn't one. */
export function compileWasm(bytes: Uint8Array): Promise<WasmModule> {
  return wasm.compile(bytes);
}

/** A file of the little file system of one WASI run. */
interface MemoryFile {
  bytes: Uint8Array;
  length: number;
}

/** How a run ended: its exit code, what it printed, and the files it wrote. */
export interface WasiOutcome {
  code: number;
  printed: string;
  files: Map<string, Uint8Array>;
}

const SUCCESS = 0;
const BAD_FILE = 8;
const NO_FILE = 44;
const NOT_A_STREAM = 70;

const PREOPEN = 3;
const CREATE = 1;
const TRUNCATE = 8;
const CHARACTER_DEVICE = 2;
const DIRECTORY = 3;
const REGULAR_FILE = 4;
const ALL_RIGHTS = 0xffff_ffff_ffff_ffffn;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** How `proc_exit` leaves the program. */
class Exit {
  readonly code: number;
  constructor(code: number) {
    this.code = code;
  }
}

/**
 * One run of a WASI command (preview 1) with no file system but memory: arguments in, printed text and written files
 * out. It has the 13 calls that flite makes, no more; an instance serves one run, and making it ahead of the run saves
 * the time it takes.
 */
export class WasiRun {
  readonly #start: () => void;
  readonly #memory: { readonly buffer: ArrayBuffer };
  readonly #files = new Map<string, MemoryFile>();
  readonly #open = new Map<number, { file: MemoryFile; at: number }>();
  #arguments: Uint8Array[] = [];
  #printed = '';
  #nextDescriptor = PREOPEN + 1;

  constructor(module: WasmModule) {
    const calls = { ...this.#processCalls(), ...this.#descriptorCalls(), ...this.#dataCalls() };
    const instance = new wasm.Instance(module, { wasi_snapshot_preview1: calls });
    this.#memory = instance.exports.memory as { readonly buffer: ArrayBuffer };
    this.#start = instance.exports._start as () => void;
  }

  /** Runs the command to its end, synchronously. Throws what the program traps with. */
  run(args: readonly string[]): WasiOutcome {
    this.#arguments = args.map((argument) => encoder.encode(`${argument}\0`));
    let code = 0;
    try {
      this.#start();
    } catch (error) {
      if (!(error instanceof Exit)) throw error;
      code = error.code;
    }
    const files = new Map<string, Uint8Array>();
    for (const [name, file] of this.#files) files.set(name, file.bytes.subarray(0, file.length));
    return { code, printed: this.#printed, files };
  }

  get #view(): DataView {
    return new DataView(this.#memory.buffer);
  }

  get #bytes(): Uint8Array {
    return new Uint8Array(this.#memory.buffer);
  }

  #processCalls() {
    return {
      args_sizes_get: (count: number, size: number) => {
        this.#view.setUint32(count, this.#arguments.length, true);
        const total = this.#arguments.reduce((sum, argument) => sum + argument.length, 0);
        this.#view.setUint32(size, total, true);
        return SUCCESS;
      },
      args_get: (pointers: number, buffer: number) => {
        let at = buffer;
        this.#arguments.forEach((argument, i) => {
          this.#view.setUint32(pointers + i * 4, at, true);
          this.#bytes.set(argument, at);
          at += argument.length;
        });
        return SUCCESS;
      },
      clock_time_get: (_clock: number, _precision: bigint, result: number) => {
        this.#view.setBigUint64(result, BigInt(Math.round(performance.now() * 1e6)), true);
        return SUCCESS;
      },
      proc_exit: (code: number) => {
        throw new Exit(code);
      },
    };
  }

  #descriptorCalls() {
    return {
      fd_prestat_get: (fd: number, result: number) => {
        if (fd !== PREOPEN) return BAD_FILE;
        this.#view.setUint8(result, 0);
        this.#view.setUint32(result + 4, 1, true);
        return SUCCESS;
      },
      fd_prestat_dir_name: (_fd: number, path: number, length: number) => {
        this.#bytes.set(encoder.encode('.').subarray(0, length), path);
        return SUCCESS;
      },
      fd_fdstat_get: (fd: number, result: number) => {
        const kind = fd < PREOPEN ? CHARACTER_DEVICE : fd === PREOPEN ? DIRECTORY : REGULAR_FILE;
        this.#view.setUint8(result, kind);
        this.#view.setUint16(result + 2, 0, true);
        this.#view.setBigUint64(result + 8, ALL_RIGHTS, true);
        this.#view.setBigUint64(result + 16, ALL_RIGHTS, true);
        return SUCCESS;
      },
      fd_fdstat_set_flags: () => SUCCESS,
      fd_close: (fd: number) => (this.#open.delete(fd) ? SUCCESS : BAD_FILE),
    };
  }

  #dataCalls() {
    return {
      // Called with (fd, dirflags, path, pathLength, oflags, rights, inheriting, flags, result).
      path_open: (...call: (number | bigint)[]) => {
        const [path, length, flags, result] = [call[2], call[3], call[4], call[8]].map(Number);
        const name = decoder.decode(this.#bytes.subarray(path!, path! + length!));
        let file = this.#files.get(name);
        if (!file && !(flags! & CREATE)) return NO_FILE;
        file ??= { bytes: new Uint8Array(1 << 16), length: 0 };
        if (flags! & TRUNCATE) file.length = 0;
        this.#files.set(name, file);
        const fd = this.#nextDescriptor++;
        this.#open.set(fd, { file, at: 0 });
        this.#view.setUint32(result!, fd, true);
        return SUCCESS;
      },
      // Called with (fd, vectors, count, result): there is never anything to read.
      fd_read: (...call: number[]) => {
        this.#view.setUint32(call[3]!, 0, true);
        return SUCCESS;
      },
      fd_write: (...call: number[]) => {
        const [fd, vectors, count, result] = call as [number, number, number, number];
        let total = 0;
        for (let i = 0; i < count; i++) {
          const from = this.#view.getUint32(vectors + i * 8, true);
          const length = this.#view.getUint32(vectors + i * 8 + 4, true);
          if (!this.#write(fd, this.#bytes.subarray(from, from + length))) return BAD_FILE;
          total += length;
        }
        this.#view.setUint32(result, total, true);
        return SUCCESS;
      },
      // Called with (fd, offset, whence, result); whence 0 is from the start, 1 from here, 2 from the end.
      fd_seek: (...call: (number | bigint)[]) => {
        const [fd, offset, whence, result] = call.map(Number) as [number, number, number, number];
        const open = this.#open.get(fd);
        if (!open) return NOT_A_STREAM;
        const from = whence === 0 ? 0 : whence === 1 ? open.at : open.file.length;
        open.at = from + offset;
        this.#view.setBigUint64(result, BigInt(open.at), true);
        return SUCCESS;
      },
    };
  }

  #write(fd: number, bytes: Uint8Array): boolean {
    if (fd < PREOPEN) {
      this.#printed += decoder.decode(bytes);
      return true;
    }
    const open = this.#open.get(fd);
    if (!open) return false;
    const { file } = open;
    const end = open.at + bytes.length;
    if (end > file.bytes.length) {
      const larger = new Uint8Array(Math.max(end, file.bytes.length * 2));
      larger.set(file.bytes.subarray(0, file.length));
      file.bytes = larger;
    }
    file.bytes.set(bytes, open.at);
    open.at = end;
    file.length = Math.max(file.length, end);
    return true;
  }
}
