// @ts-check
/**
 * Saves a long form while it is typed, so that nothing is lost when the session ends or the tab closes. Without script
 * the form's own button saves. Nothing is judged here; the server says what is wrong when the step is finished.
 *
 * Markup: a form with data-draft (address below /api/v1), and `#saved` (role=status).
 */
import './app.js';
import { Offline, saveDraft } from './api.js';

const form = /** @type {HTMLFormElement | null} */ (document.querySelector('form[data-draft]'));
const QUIET_MS = 900;
const CLOCK = new Intl.DateTimeFormat('sv-SE', { timeZone: 'Asia/Shanghai', timeStyle: 'medium' });
let timer = 0;
let running = false;
let again = false;

/** @param {string} text */
function say(text) {
  const node = document.getElementById('saved');
  if (node) node.textContent = text;
}

/** What is in the form now, without its token. */
function values() {
  /** @type {Record<string, string>} */
  const found = {};
  if (!form) return found;
  for (const [name, value] of new FormData(form)) {
    if (name !== '_csrf' && typeof value === 'string') found[name] = value;
  }
  return found;
}

async function save() {
  if (running) {
    again = true;
    return;
  }
  running = true;
  say('正在保存……');
  try {
    const answer = await saveDraft(values());
    say(`已自动保存 ${CLOCK.format(new Date(answer.saved_at))}`);
  } catch (error) {
    say(error instanceof Offline ? '网络中断，恢复后会再次保存' : '没有保存，请按“保存，下一步”');
    if (error instanceof Offline) timer = window.setTimeout(save, 5000);
  } finally {
    running = false;
    if (again) {
      again = false;
      void save();
    }
  }
}

form?.addEventListener('input', () => {
  window.clearTimeout(timer);
  timer = window.setTimeout(save, QUIET_MS);
});
form?.addEventListener('submit', () => window.clearTimeout(timer));
