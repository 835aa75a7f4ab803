/** A ping that brings nothing back for longer than this: the line is lost, whatever the browser thinks of it. */
const SILENT_MS = 5000;
const PING_MS = 2000;

/**
 * One WebSocket of a call: opens, says its first message, hears until it is lost. Which call it belongs to, and what
 * to do when it is lost, is its owner's business.
 */
export class Connection {
  /**
   * @param {string} url
   * @param {object} hello the first message
   * @param {{ message(message: object): void, audio(packet: ArrayBuffer): void,
   *           lost(why: { code: number, reason: string }): void }} on `lost` comes once, and not after `close`
   */
  constructor(url, hello, on) {
    this.on = on;
    this.pingedAtMs = null;
    this.socket = new WebSocket(url);
    this.socket.binaryType = 'arraybuffer';
    this.socket.onopen = () => this.send(hello);
    this.socket.onmessage = ({ data }) => this.receive(data);
    this.socket.onclose = ({ code, reason }) => this.lose({ code, reason });
    this.pulse = setInterval(() => this.beat(), PING_MS);
  }

  get isOpen() {
    return this.socket.readyState === WebSocket.OPEN;
  }

  /** Sends a control message; one that can't be sent is dropped. */
  send(message) {
    if (this.isOpen) this.socket.send(JSON.stringify(message));
  }

  /** Sends one packet of audio, unless the network is so far behind that it would come too late. */
  sendAudio(packet) {
    if (this.isOpen && this.socket.bufferedAmount < 32768) this.socket.send(packet);
  }

  /** Ends the call. */
  close() {
    this.detach();
    this.socket.close(1000);
  }

  /** Lets go of the socket, not of the call. */
  abandon() {
    this.detach();
    this.socket.close(4000);
  }

  receive(data) {
    this.pingedAtMs = null;
    if (data instanceof ArrayBuffer) this.on.audio(data);
    else this.on.message(JSON.parse(data));
  }

  beat() {
    const nowMs = performance.now();
    if (this.pingedAtMs !== null && nowMs - this.pingedAtMs > SILENT_MS) {
      this.socket.close(4000);
      this.lose({ code: 1006, reason: '' });
      return;
    }
    this.pingedAtMs ??= nowMs;
    this.send({ type: 'ping' });
  }

  lose(why) {
    this.detach();
    this.on.lost(why);
  }

  detach() {
    clearInterval(this.pulse);
    this.socket.onopen = null;
    this.socket.onmessage = null;
    this.socket.onclose = null;
  }
}
