/** The page's elements by what they are for. */
const byId = (id) => document.getElementById(id);

export const parts = {
  app: byId('app'),
  banner: byId('banner'),
  bannerText: byId('banner-text'),
  bannerAction: byId('banner-action'),
  name: byId('name'),
  initial: byId('initial'),
  status: byId('status'),
  timer: byId('timer'),
  announcer: byId('announcer'),
  orb: byId('orb'),
  startPanel: byId('start-panel'),
  call: byId('call'),
  typeInstead: byId('type-instead'),
  startNote: byId('start-note'),
  troublePanel: byId('trouble-panel'),
  troubleTitle: byId('trouble-title'),
  troubleText: byId('trouble-text'),
  troubleRetry: byId('trouble-retry'),
  troubleType: byId('trouble-type'),
  endedPanel: byId('ended-panel'),
  endedText: byId('ended-text'),
  endedFacts: byId('ended-facts'),
  again: byId('again'),
  controls: byId('controls'),
  mute: byId('mute'),
  keypadToggle: byId('keypad-toggle'),
  keypad: byId('keypad'),
  hangUp: byId('hang-up'),
  concierge: byId('concierge'),
  composer: byId('composer'),
  text: byId('text'),
  send: byId('send'),
  transcript: { scroll: byId('scroll'), log: byId('log'), interim: byId('interim'), empty: byId('empty') },
};

/** Shows what a button is for now. */
export function relabel(button, icon, label) {
  button.querySelector('use').setAttribute('href', `#icon-${icon}`);
  button.querySelector('span').textContent = label;
}
