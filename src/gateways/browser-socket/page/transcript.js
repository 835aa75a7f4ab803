const STAGES = [
  ['endpointMs', 'Knowing you had finished'],
  ['sttMs', 'Writing down what you said'],
  ['llmFirstTokenMs', 'First word of the answer'],
  ['ttsFirstByteMs', 'First sound of the voice'],
  ['playMs', 'Reaching the line'],
];
const SLOW_MS = 1500;
const NEAR_BOTTOM_PX = 80;

/** The conversation as it is heard. Settled lines go into a live log; what is still moving is shown, not read out. */
export class Transcript {
  /** @param {{ scroll: HTMLElement, log: HTMLElement, interim: HTMLElement, empty: HTMLElement }} parts */
  constructor(parts) {
    this.parts = parts;
    this.assistantName = 'Assistant';
    this.isPinned = true;
    parts.scroll.addEventListener('scroll', () => {
      this.isPinned = this.isAtBottom();
    });
    this.reset();
  }

  /** The call is over: nothing moves any more, and what was only half heard stands as it is. */
  settle() {
    this.wave?.remove();
    this.wave = null;
    if (this.moving) this.add(this.moving);
    this.moving?.classList.add('pending');
    this.moving = null;
    if (this.isPinned) this.toBottom();
  }

  reset() {
    this.parts.log.replaceChildren();
    this.parts.interim.replaceChildren();
    this.parts.empty.hidden = false;
    this.settled = '';
    this.moving = null;
    this.wave = null;
    this.pending = [];
    this.replies = new Map();
    this.latencies = new Map();
    this.turns = 0;
  }

  /** Milliseconds of the typical answer; null before the first. */
  get typicalLatencyMs() {
    const sorted = [...this.latencies.values()]
      .map((latency) => latency.voiceToVoiceMs)
      .sort((a, b) => a - b);
    return sorted.length > 0 ? sorted[Math.floor((sorted.length - 1) / 2)] : null;
  }

  /** Takes any message of the server; those that are no part of the conversation do nothing. */
  take(message) {
    if (message.type === 'heard') this.hear(message);
    else if (message.type === 'turn') this.endTurn(message.text);
    else if (message.type === 'speaking') this.speak(message.who);
    else if (message.type === 'said') this.say(message);
    else if (message.type === 'latency') this.time(message);
    else if (message.type === 'tool' && message.state !== 'called') this.useTool(message);
    if (this.isPinned) this.toBottom();
  }

  /** What the visitor typed, until the server has taken it. */
  typed(text) {
    const line = this.line('caller', text);
    line.classList.add('pending');
    this.pending.push({ text, line });
    this.parts.empty.hidden = true;
    this.parts.log.append(line);
    this.toBottom();
  }

  /** A remark between the lines. */
  remark(text) {
    const item = document.createElement('li');
    item.className = 'event';
    item.textContent = text;
    this.add(item);
    this.toBottom();
  }

  hear({ text, final }) {
    if (this.pending.some((pending) => pending.text === text)) return;
    const whole = text.startsWith(this.settled) ? text : `${this.settled} ${text}`;
    if (final) this.settled = whole;
    if (!this.moving) {
      this.moving = this.line('caller', '');
      this.parts.interim.append(this.moving);
      this.parts.empty.hidden = true;
    }
    this.moving.querySelector('.bubble').textContent = whole;
  }

  endTurn(text) {
    this.turns++;
    this.settled = '';
    this.moving?.remove();
    this.moving = null;
    const index = this.pending.findIndex((typed) => text === typed.text || text.endsWith(` ${typed.text}`));
    if (index >= 0) {
      const { line } = this.pending.splice(index, 1)[0];
      line.classList.remove('pending');
      line.querySelector('.bubble').textContent = text;
    } else if (text.trim() !== '') this.add(this.line('caller', text));
  }

  speak(who) {
    if (who === 'agent' && !this.wave) {
      this.wave = this.line('agent', '');
      const wave = document.createElement('span');
      wave.className = 'wave';
      wave.append(...[0, 1, 2].map(() => document.createElement('i')));
      this.wave.querySelector('.bubble').append(wave);
      this.parts.interim.prepend(this.wave);
      this.parts.empty.hidden = true;
    }
  }

  say({ turnId, text, interrupted }) {
    this.wave?.remove();
    this.wave = null;
    if (text.trim() === '') return;
    const [next] = this.pending;
    const last = next ? next.line.previousElementSibling : this.parts.log.lastElementChild;
    const reply = turnId ? this.replies.get(turnId) : undefined;
    let line = reply;
    if (reply && reply === last) reply.querySelector('.bubble').append(` ${text}`);
    else {
      line = this.line('agent', text);
      this.add(line);
      if (turnId && !reply) this.replies.set(turnId, line);
    }
    if (interrupted) {
      line.querySelector('.bubble').classList.add('cut');
      this.foot(line).append('interrupted');
    }
    const latency = turnId && !reply ? this.latencies.get(turnId) : undefined;
    if (latency) this.badge(line, latency);
  }

  time(latency) {
    const key = latency.turnId ?? `unnamed ${this.latencies.size}`;
    this.latencies.set(key, latency);
    const line = this.replies.get(key);
    if (line) this.badge(line, latency);
  }

  badge(line, { voiceToVoiceMs, stages }) {
    const badge = document.createElement('details');
    badge.className = voiceToVoiceMs > SLOW_MS ? 'latency slow' : 'latency';
    const summary = document.createElement('summary');
    summary.textContent = seconds(voiceToVoiceMs);
    summary.title = 'From the end of your words to the first sound of the answer';
    const list = document.createElement('dl');
    list.className = 'stages';
    for (const [key, label] of STAGES) {
      const term = document.createElement('dt');
      const value = document.createElement('dd');
      term.textContent = label;
      value.textContent = `${Math.round(stages[key])} ms`;
      list.append(term, value);
    }
    badge.append(summary, list);
    this.foot(line).prepend(badge);
  }

  useTool({ name, state, tookMs }) {
    const words = name.replace(/[_-]+/g, ' ');
    this.remark(state === 'done' ? `Used ${words} · ${seconds(tookMs)}` : `${words} failed`);
  }

  line(who, text) {
    const line = document.createElement('li');
    line.className = `line ${who}`;
    const speaker = document.createElement('span');
    speaker.className = 'speaker';
    speaker.textContent = who === 'agent' ? this.assistantName : 'You';
    const bubble = document.createElement('div');
    bubble.className = 'bubble';
    bubble.textContent = text;
    line.append(speaker, bubble);
    return line;
  }

  foot(line) {
    let foot = line.querySelector('.foot');
    if (!foot) {
      foot = document.createElement('div');
      foot.className = 'foot';
      line.append(foot);
    }
    return foot;
  }

  /** What comes while a typed message has not been taken was before it. */
  add(item) {
    this.parts.empty.hidden = true;
    this.parts.log.insertBefore(item, this.pending[0]?.line ?? null);
  }

  isAtBottom() {
    const { scroll } = this.parts;
    return scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < NEAR_BOTTOM_PX;
  }

  toBottom() {
    this.parts.scroll.scrollTop = this.parts.scroll.scrollHeight;
  }
}

/** Milliseconds as seconds with one or two digits behind the point. */
export function seconds(ms) {
  return `${(ms / 1000).toFixed(ms < 10000 ? 2 : 1)}\u00a0s`;
}
