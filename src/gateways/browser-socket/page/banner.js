import { parts } from './page-parts.js';

const GOOD_NEWS_MS = 3000;

/** The strip at the top of the page, for what the visitor should know while the call goes on. */
export class Banner {
  constructor() {
    this.timer = null;
    this.onAction = null;
    parts.bannerAction.addEventListener('click', () => this.onAction?.());
  }

  /**
   * @param {string} text shown; read out only where `announce` says so
   * @param {{ announce?: string, action?: { label: string, run(): void }, good?: boolean }} [options]
   */
  show(text, { announce, action, good = false } = {}) {
    clearTimeout(this.timer);
    parts.banner.hidden = false;
    parts.banner.classList.toggle('good', good);
    parts.bannerText.textContent = text;
    parts.bannerAction.hidden = !action;
    parts.bannerAction.textContent = action?.label ?? '';
    this.onAction = action?.run ?? null;
    if (announce) parts.announcer.textContent = announce;
    if (good) this.timer = setTimeout(() => this.hide(), GOOD_NEWS_MS);
  }

  hide() {
    clearTimeout(this.timer);
    parts.banner.hidden = true;
    this.onAction = null;
  }
}
