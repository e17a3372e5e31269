// @ts-check
/**
 * Behaviour of every page: the server's clock, countdowns, the guard against double submission, dialogs, display modes.
 * Every page works without it; this only keeps it fresh.
 */
import { time } from './api.js';

/** @param {string} selector @returns {HTMLElement[]} */
const all = (selector) => Array.from(document.querySelectorAll(selector));

/** Server clock minus ours, and the round trip of the best probe, in milliseconds. */
const clock = { skew: skewOfPage(), trip: Infinity };
const MILESTONES = [3600, 900, 300, 60, 0];
const CLOCK = new Intl.DateTimeFormat('sv-SE', { timeZone: 'Asia/Shanghai', timeStyle: 'medium' });
const MOMENT = new Intl.DateTimeFormat('sv-SE', { timeZone: 'Asia/Shanghai', dateStyle: 'short', timeStyle: 'medium' });

/** Until the first probe is back: the moment that a rehearsal's page was made, or our own clock. */
function skewOfPage() {
  const made = Date.parse(document.querySelector('time[data-moment]')?.getAttribute('datetime') ?? '');
  return Number.isNaN(made) ? 0 : made - Date.now();
}

/** Milliseconds since 1970 by the server's clock, as well as we know it. An aid only: the server decides. */
export const now = () => Date.now() + clock.skew;

/** Probes the server's clock three times and keeps the probe with the shortest round trip. */
async function synchronise() {
  clock.trip = Infinity;
  for (let probe = 0; probe < 3; probe++) {
    try {
      const sent = performance.now();
      const ms = await time();
      const trip = performance.now() - sent;
      if (trip < clock.trip) {
        clock.trip = trip;
        clock.skew = ms + trip / 2 - Date.now();
      }
    } catch {
      break; // the page says below that the clock is not synchronised
    }
  }
  const error = Math.max(1, Math.round(clock.trip / 2));
  const text = clock.trip < Infinity ? `已与服务器校时（误差 ±${error} 毫秒）` : '未能校时，以服务器时间为准';
  for (const node of all('[data-sync]')) node.textContent = text;
  tick();
}

/** @param {number} seconds */
function remaining(seconds) {
  const two = (/** @type {number} */ n) => String(Math.floor(n)).padStart(2, '0');
  const days = Math.floor(seconds / 86400);
  const rest = `${two((seconds % 86400) / 3600)}:${two((seconds % 3600) / 60)}:${two(seconds % 60)}`;
  return days > 0 ? `${days} 天 ${rest}` : rest;
}

/** Milestones already spoken, by countdown; those passed before the page opened are not spoken at all. */
/** @type {WeakMap<HTMLElement, number>} */
const spoken = new WeakMap();

/** @param {HTMLElement} node a countdown with data-until */
function countDown(node) {
  const left = Date.parse(node.dataset.until ?? '') - now();
  const seconds = Math.max(0, Math.floor(left / 1000));
  const face = node.querySelector('b') ?? node;
  face.textContent = left <= 0 ? (node.dataset.over ?? '已截止') : remaining(seconds);
  node.classList.toggle('cd--warn', seconds < 86400 && seconds >= 3600);
  node.classList.toggle('cd--bad', seconds < 3600);
  const next = MILESTONES.find((milestone) => milestone < seconds) ?? -1;
  const before = spoken.get(node);
  spoken.set(node, next);
  const voice = node.dataset.say ? document.getElementById(node.dataset.say) : null;
  if (before === undefined || before === next || !voice) return;
  const what = node.dataset.what ?? '投标截止';
  voice.textContent = before > 0 ? `距${what}还有 ${before >= 3600 ? '1 小时' : `${before / 60} 分钟`}` : `${what}时间已到`;
  if (before === 0) node.dispatchEvent(new CustomEvent('over', { bubbles: true }));
}

function tick() {
  for (const node of all('[data-clock]')) node.textContent = CLOCK.format(now());
  for (const node of all('[data-moment]')) node.textContent = MOMENT.format(now());
  for (const node of all('[data-until]')) countDown(node);
}

/** A form goes out once; a second press within four seconds is taken for a slip. The server guards as well. */
/** @param {SubmitEvent} event */
function guard(event) {
  const form = /** @type {HTMLFormElement} */ (event.target);
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = '1';
  setTimeout(() => delete form.dataset.sent, 4000);
}

/** @param {MouseEvent} event */
function press(event) {
  const target = /** @type {Element} */ (event.target);
  const opener = /** @type {HTMLElement | null} */ (target.closest('[data-open]'));
  const dialog = opener && document.getElementById(opener.dataset.open ?? '');
  if (dialog instanceof HTMLDialogElement) dialog.showModal();
  if (target.closest('[data-close]')) target.closest('dialog')?.close();
  if (target.closest('[data-print]')) print();
  const mode = /** @type {HTMLElement | null} */ (target.closest('[data-setmode]'));
  if (mode) {
    event.preventDefault(); // without script the form behind the button does the same with a page load
    setMode(mode.dataset.setmode ?? '');
  }
}

/** @param {string} wanted "elder" or "contrast"; pressed again it returns to normal */
function setMode(wanted) {
  const root = document.documentElement;
  const mode = root.dataset.mode === wanted ? '' : wanted;
  root.dataset.mode = mode;
  document.cookie = `mode=${mode}; path=/; max-age=31536000; samesite=lax`;
  for (const button of all('[data-setmode]')) {
    const own = button.dataset.setmode;
    button.setAttribute('aria-pressed', String(own !== '' && own === mode));
  }
}

document.addEventListener('submit', guard);
document.addEventListener('click', press);
/** @type {HTMLElement | null} */ (document.querySelector('.errsum'))?.focus();
tick();
setInterval(tick, 500);
void synchronise();
setInterval(synchronise, 60_000);
