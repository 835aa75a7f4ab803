const FALL = 0.86;
/** Loudness that fills the rings. */
const FULL = 0.22;

/** The rings that show who is speaking and how loudly. */
export class Orb {
  /** @param {HTMLElement} element */
  constructor(element) {
    this.element = element;
    this.levels = { caller: 0, agent: 0 };
    this.request = null;
  }

  /** @param {'caller' | 'agent'} who @param {number} level RMS, 0 to 1 */
  show(who, level) {
    this.levels[who] = Math.max(this.levels[who], Math.min(1, Math.sqrt(level / FULL)));
    this.request ??= requestAnimationFrame(() => this.draw());
  }

  /** @param {boolean} is the assistant works on an answer */
  think(is) {
    this.element.classList.toggle('thinking', is);
  }

  rest() {
    this.think(false);
    this.levels = { caller: 0, agent: 0 };
    this.draw();
  }

  draw() {
    this.request = null;
    for (const who of ['caller', 'agent']) {
      this.element.style.setProperty(`--${who}-level`, this.levels[who].toFixed(3));
      this.levels[who] *= FALL;
    }
    if (this.levels.caller > 0.01 || this.levels.agent > 0.01) {
      this.request = requestAnimationFrame(() => this.draw());
    }
  }
}
