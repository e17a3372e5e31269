// @ts-check
/**
 * Reads the prices out loud in the hall, if the visitor wishes and the browser can speak. Off until it is switched on;
 * then every line of the table is spoken once, also those that come later. What is spoken stands in the line itself
 * (`data-read`), so that the page and the voice cannot differ.
 */
import { maybe } from './ui.js';

const voice = /** @type {SpeechSynthesis | undefined} */ (self.speechSynthesis);
const button = maybe('speak');
const table = maybe('hall-table');
/** @type {Set<string>} */
const spoken = new Set();
let on = false;

/** The voice of the page's language, if there is one; the browser's own otherwise. */
const speaker = () => voice?.getVoices().find((one) => one.lang.replace('_', '-').toLowerCase().startsWith('zh')) ?? null;

function speakNewLines() {
  if (!on || !voice || !table) return;
  for (const line of table.querySelectorAll('[data-read]')) {
    const words = /** @type {HTMLElement} */ (line).dataset.read ?? '';
    if (spoken.has(words)) continue;
    spoken.add(words);
    const utterance = new SpeechSynthesisUtterance(words);
    utterance.lang = 'zh-CN';
    utterance.voice = speaker();
    voice.speak(utterance);
  }
}

if (voice && button && table) {
  button.hidden = false;
  button.addEventListener('click', () => {
    on = !on;
    button.setAttribute('aria-pressed', String(on));
    button.textContent = on ? '停止语音唱标' : '语音唱标';
    if (on) speakNewLines();
    else {
      voice.cancel();
      spoken.clear(); // switched on again, it begins again
    }
  });
  new MutationObserver(speakNewLines).observe(table, { childList: true, subtree: true });
  addEventListener('pagehide', () => voice.cancel());
}
