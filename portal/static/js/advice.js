// @ts-check
/**
 * Says beside a field, while it is typed, what is still missing and which words look restrictive. The server judges; here
 * is only the waiting and the showing. Without script the same stands on the page when the form comes back.
 *
 * Markup: a form with data-advice (its name for the server), and data-lot where there is a lot.
 */
import './app.js';
import { advice } from './api.js';
import { el } from './ui.js';

const QUIET_MS = 600;
const TEXTS = 'input[type=text], input:not([type]), textarea';

/** @typedef {HTMLInputElement | HTMLTextAreaElement} Typed */

/** @param {HTMLFormElement} form */
function watch(form) {
  /** Fields in which something was typed: an empty field nobody has reached is no fault yet. @type {Set<string>} */
  const touched = new Set();
  let timer = 0;
  /** @type {AbortController | null} */
  let running = null;

  async function ask() {
    running?.abort();
    running = new AbortController();
    const { signal } = running;
    /** @type {Record<string, string>} */
    const values = {};
    for (const [name, value] of new FormData(form)) {
      if (name !== '_csrf' && typeof value === 'string') values[name] = value;
    }
    try {
      show(await advice({ form: form.dataset.advice ?? '', lot: form.dataset.lot ?? null, values }, signal));
    } catch {
      // no advice is no harm: saving says the same
    }
  }

  /** @param {import('./api.js').Advice[]} found */
  function show(found) {
    for (const field of /** @type {NodeListOf<Typed>} */ (form.querySelectorAll(TEXTS))) {
      const said = found.filter((item) => item.field === field.name && (item.kind !== 'missing' || touched.has(field.name)));
      say(field, said);
    }
  }

  form.addEventListener('input', (event) => {
    const target = /** @type {Typed} */ (event.target);
    if (target.name) touched.add(target.name);
    window.clearTimeout(timer);
    timer = window.setTimeout(ask, QUIET_MS);
  });
  form.addEventListener('submit', () => window.clearTimeout(timer));
}

/**
 * @param {Typed} field
 * @param {import('./api.js').Advice[]} said
 */
function say(field, said) {
  const box = field.closest('.field');
  if (!box) return;
  const id = `${field.id}-advice`;
  let place = document.getElementById(id);
  if (!place) {
    if (said.length === 0) return;
    place = el('div', { id, class: 'advice', role: 'status' });
    box.append(place);
    const others = field.getAttribute('aria-describedby');
    field.setAttribute('aria-describedby', others ? `${others} ${id}` : id);
  }
  const words = said.map((item) => `${item.text && `“${item.text}”：`}${item.message}（${item.article}）${item.better && `建议：${item.better}`}`);
  const before = Array.from(place.children, (line) => line.textContent);
  if (before.join('\n') !== words.join('\n')) place.replaceChildren(...words.map((text) => el('p', {}, text)));
}

for (const form of /** @type {NodeListOf<HTMLFormElement>} */ (document.querySelectorAll('form[data-advice]'))) watch(form);
