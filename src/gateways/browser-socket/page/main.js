import { Banner } from './banner.js';
import { microphonePossible } from './microphone.js';
import { Orb } from './orb.js';
import { parts, relabel } from './page-parts.js';
import { TalkCall } from './talk-call.js';
import { seconds, Transcript } from './transcript.js';
import { endingInWords, Trouble } from './trouble.js';

const KEYS = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '0', '#'];

const banner = new Banner();
const orb = new Orb(parts.orb);
const transcript = new Transcript(parts.transcript);

let call = null;
let isMuted = false;
let startedAtMs = 0;
let clock = null;
let countdown = null;
let wakeLock = null;
let isPaused = false;

/* ---------- the assistant ---------- */

function introduce({ name, concierge }) {
  parts.name.textContent = name;
  parts.initial.textContent = (name.match(/\p{L}|\p{N}/u)?.[0] ?? '?').toUpperCase();
  parts.concierge.hidden = !concierge;
  transcript.assistantName = name;
  document.title = `Talk to ${name}`;
}

async function about() {
  try {
    const response = await fetch('/talk/about');
    const body = await response.json();
    if (response.ok) introduce(body.assistant);
    else showTrouble(new Trouble(response.status === 503 ? 'server_busy' : 'refused', body.error));
  } catch {
    showTrouble(new Trouble('unreachable'));
  }
}

/* ---------- what is shown in which state ---------- */

const SHOWN = {
  idle: { panel: parts.startPanel, status: 'Ready when you are' },
  asking: { panel: parts.controls, status: 'Waiting for your microphone…' },
  connecting: { panel: parts.controls, status: 'Connecting…' },
  live: { panel: parts.controls, status: 'Listening' },
  lost: { panel: parts.controls, status: 'Connection lost' },
  ended: { panel: parts.endedPanel, status: 'Call ended' },
  failed: { panel: parts.troublePanel, status: 'No call' },
};

function show(state) {
  parts.app.dataset.state = state;
  parts.app.toggleAttribute('data-calling', SHOWN[state].panel === parts.controls);
  const inCall = state === 'live' || state === 'lost';
  for (const { panel } of Object.values(SHOWN)) panel.hidden = panel !== SHOWN[state].panel;
  parts.keypadToggle.hidden = !inCall;
  if (!inCall) parts.mute.hidden = true;
  relabel(parts.hangUp, 'hangup', inCall ? 'Hang up' : 'Cancel');
  parts.status.textContent = SHOWN[state].status;
  parts.composer.hidden = !inCall;
  parts.text.disabled = state === 'lost';
  parts.timer.hidden = !startedAtMs || state === 'idle' || state === 'failed';
}

function showTrouble(trouble) {
  const { title, text, retry, typing } = trouble.shown;
  parts.troubleTitle.textContent = title;
  parts.troubleText.textContent = text;
  parts.troubleRetry.hidden = !retry;
  parts.troubleRetry.textContent = retry ?? '';
  parts.troubleType.hidden = !typing;
  show('failed');
  parts.troubleTitle.focus();
}

function showStatus(text) {
  if (parts.app.dataset.state === 'live') parts.status.textContent = isMuted ? 'You are muted' : text;
}

/* ---------- a call from start to end ---------- */

function start(withMicrophone) {
  transcript.reset();
  banner.hide();
  orb.rest();
  isMuted = false;
  startedAtMs = 0;
  call = new TalkCall(new URLSearchParams(location.search).get('agent'));
  call.addEventListener('state', ({ detail }) => onState(detail));
  call.addEventListener('message', ({ detail }) => onMessage(detail));
  call.addEventListener('level', ({ detail }) => {
    if (call.state === 'live') orb.show(detail.who, detail.level);
  });
  call.addEventListener('microphone-lost', () => onMicrophoneLost());
  call.addEventListener('suspended', ({ detail }) => onSuspended(detail.is));
  call.start({ withMicrophone });
}

function onState(detail) {
  clearInterval(countdown);
  if (detail.state === 'failed') {
    banner.hide();
    showTrouble(detail.trouble);
    return rest();
  }
  show(detail.state);
  if (detail.state === 'live') onLive(detail.regained);
  else if (detail.state === 'lost') onLost(detail);
  else if (detail.state === 'ended') onEnded(detail.reason);
  else parts.announcer.textContent = SHOWN[detail.state].status;
}

function onLive(regained) {
  if (regained) {
    banner.show('The connection is back', { good: true, announce: 'The connection is back.' });
    return;
  }
  introduce(call.ticket.assistant);
  startedAtMs = performance.now();
  parts.timer.hidden = false;
  tick();
  clock = setInterval(tick, 500);
  showMicrophone();
  idleStatus();
  parts.announcer.textContent = `Connected to ${parts.name.textContent}.`;
  (call.hasMicrophone ? parts.mute : parts.text).focus();
  keepAwake();
}

function onLost({ untilMs, retryAtMs }) {
  orb.rest();
  const say = (announce) => {
    const nowMs = performance.now();
    const left = Math.max(0, Math.ceil((untilMs - nowMs) / 1000));
    const next = Math.ceil((retryAtMs - nowMs) / 1000);
    const now = next > 0 ? `Trying again in ${next}\u00a0s` : 'Reconnecting…';
    const action = next > 0 ? { label: 'Try now', run: () => call.resume() } : undefined;
    banner.show(`Connection lost. ${now} (held for ${left}\u00a0s)`, { announce, action });
  };
  say('The connection was lost. Trying to get it back.');
  countdown = setInterval(say, 250);
}

function onEnded(reason) {
  banner.hide();
  rest();
  transcript.settle();
  const words = endingInWords(reason);
  parts.endedText.textContent = words;
  const typicalMs = transcript.typicalLatencyMs;
  const facts = [startedAtMs ? parts.timer.textContent : null];
  if (transcript.turns > 0) facts.push(`${transcript.turns} ${transcript.turns === 1 ? 'turn' : 'turns'}`);
  if (typicalMs !== null) facts.push(`typical answer after ${seconds(typicalMs)}`);
  parts.endedFacts.textContent = facts.filter(Boolean).join(' · ');
  parts.announcer.textContent = `Call ended. ${words}`;
  parts.again.focus();
}

function rest() {
  clearInterval(clock);
  orb.rest();
  closeKeypad();
  wakeLock?.release().catch(() => {});
  wakeLock = null;
}

function tick() {
  const total = Math.floor((performance.now() - startedAtMs) / 1000);
  parts.timer.textContent = `${Math.floor(total / 60)}:${String(total % 60).padStart(2, '0')}`;
}

async function keepAwake() {
  try {
    wakeLock = (await navigator.wakeLock?.request('screen')) ?? null;
  } catch {
    // A battery saver may refuse: the screen then sleeps as it always does.
  }
}

function onMessage(message) {
  transcript.take(message);
  if (message.type === 'turn') {
    orb.think(true);
    showStatus('Thinking…');
  } else if (message.type === 'speaking' && message.who === 'agent') {
    orb.think(false);
    showStatus('Speaking');
  } else if (message.type === 'said' || message.type === 'speaking') {
    orb.think(false);
    idleStatus();
  } else if (message.type === 'error' && call.state === 'live') {
    transcript.remark(message.message);
  }
}

function idleStatus() {
  showStatus(call.hasMicrophone ? 'Listening' : 'Waiting for your message');
}

/** Tries again what failed: the call as it was wanted, or the page itself. */
function retry() {
  if (call) return start(call.wantsMicrophone);
  show('idle');
  return about();
}

/* ---------- microphone and sound ---------- */

function showMicrophone() {
  parts.mute.hidden = !call.hasMicrophone && !microphonePossible();
  parts.mute.setAttribute('aria-pressed', String(call.hasMicrophone && isMuted));
  if (!call.hasMicrophone) relabel(parts.mute, 'mic', 'Use mic');
  else relabel(parts.mute, isMuted ? 'mic-off' : 'mic', isMuted ? 'Unmute' : 'Mute');
}

async function onMuteClick() {
  if (!call.hasMicrophone) {
    try {
      await call.addMicrophone();
      banner.hide();
    } catch (error) {
      const { title, text } = (error instanceof Trouble ? error : new Trouble('no_microphone')).shown;
      banner.show(`${title}. ${text}`, {
        announce: title,
        action: { label: 'OK', run: () => banner.hide() },
      });
    }
  } else {
    isMuted = !isMuted;
    call.mute(isMuted);
    orb.show('caller', 0);
  }
  showMicrophone();
  idleStatus();
}

function onMicrophoneLost() {
  isMuted = false;
  showMicrophone();
  idleStatus();
  const text = 'Your microphone went away. You can go on by typing.';
  banner.show(text, { announce: text, action: { label: 'Use it again', run: onMuteClick } });
}

function onSuspended(is) {
  if (!is && isPaused) banner.hide();
  isPaused = is && parts.app.dataset.state === 'live';
  if (!isPaused) return;
  const text = 'Your browser has paused the sound.';
  banner.show(text, { announce: text, action: { label: 'Go on', run: () => call.wake() } });
}

/* ---------- keypad and typing ---------- */

function closeKeypad() {
  parts.keypad.hidden = true;
  parts.keypadToggle.setAttribute('aria-expanded', 'false');
}

function onKeypadToggle() {
  parts.keypad.hidden = !parts.keypad.hidden;
  parts.keypadToggle.setAttribute('aria-expanded', String(!parts.keypad.hidden));
  if (!parts.keypad.hidden) parts.keypad.firstElementChild.focus();
}

function addKeys() {
  for (const key of KEYS) {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = key;
    button.addEventListener('click', () => {
      call.sendDigit(key);
      transcript.remark(`You pressed ${key}`);
    });
    parts.keypad.append(button);
  }
}

function onSubmit(event) {
  event.preventDefault();
  const text = parts.text.value.trim();
  if (text === '' || parts.app.dataset.state !== 'live') return;
  call.sendText(text);
  transcript.typed(text);
  parts.text.value = '';
  parts.send.disabled = true;
}

/* ---------- go ---------- */

parts.call.addEventListener('click', () => start(microphonePossible()));
parts.typeInstead.addEventListener('click', () => start(false));
parts.troubleRetry.addEventListener('click', retry);
parts.troubleType.addEventListener('click', () => start(false));
parts.again.addEventListener('click', () => start(call.wantsMicrophone));
parts.hangUp.addEventListener('click', () => call.hangUp());
parts.mute.addEventListener('click', onMuteClick);
parts.keypadToggle.addEventListener('click', onKeypadToggle);
parts.composer.addEventListener('submit', onSubmit);
parts.text.addEventListener('input', () => {
  parts.send.disabled = parts.text.value.trim() === '';
});
document.addEventListener('keydown', ({ key }) => {
  if (key !== 'Escape' || parts.keypad.hidden) return;
  closeKeypad();
  parts.keypadToggle.focus();
});
addEventListener('online', () => call?.resume());
addEventListener('pagehide', () => call?.hangUp());

addKeys();
if (!microphonePossible()) {
  relabel(parts.call, 'keyboard', 'Start by typing');
  parts.typeInstead.hidden = true;
  parts.startNote.textContent = new Trouble('insecure_context').shown.text;
}
about();
