// @ts-check
/** Small parts that page controllers share: elements without markup strings, words for sizes and times, file saving. */

const SVG = 'http://www.w3.org/2000/svg';
/** @type {Record<string, string>} paths of the few icons that scripts draw themselves */
const ICONS = {
  ok: 'M20.5 12a8.5 8.5 0 1 1-17 0 8.5 8.5 0 0 1 17 0zM8.2 12.300l2.6 2.6 5-5.3',
  bad: 'M20.5 12a8.5 8.5 0 1 1-17 0 8.5 8.5 0 0 1 17 0zM9 9l6 6m0-6-6 6',
  warn: 'M12 4 2.8 19.5h18.400zM12 10v4.5M12 17.200v.1',
  info: 'M20.5 12a8.5 8.5 0 1 1-17 0 8.5 8.5 0 0 1 17 0zM12 11v5M12 8v.1',
  seal: 'M7 10.5h10a2 2 0 0 1 2 2V18a2 2 0 0 1-2 2H7a2 2 0 0 1-2-2v-5.5a2 2 0 0 1 2-2zM8 10.5V8a4 4 0 0 1 8 0v2.5',
};

/**
 * The element with this id, which the page must have.
 * @param {string} id
 * @returns {HTMLElement}
 */
export function $(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found;
}

/**
 * The element with this id, or null.
 * @param {string} id
 */
export const maybe = (id) => document.getElementById(id);

/**
 * The input with this id.
 * @param {string} id
 * @returns {HTMLInputElement}
 */
export const input = (id) => /** @type {HTMLInputElement} */ ($(id));

/**
 * Makes an element. Text always goes in as text; nothing in these scripts builds markup from strings.
 * @param {string} tag
 * @param {Record<string, string | boolean | EventListener>} [attributes] `on…` members become listeners
 * @param {...(Node | string | null)} children
 * @returns {HTMLElement}
 */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, '');
    else if (value !== false) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

/**
 * @param {string} kind
 * @returns {SVGElement}
 */
export function icon(kind) {
  const svg = document.createElementNS(SVG, 'svg');
  const path = document.createElementNS(SVG, 'path');
  const attributes = {
    class: 'ic', viewBox: '0 0 24 24', fill: 'none', stroke: 'currentColor', 'stroke-width': '1.8',
    'stroke-linecap': 'round', 'stroke-linejoin': 'round', 'aria-hidden': 'true', focusable: 'false',
  };
  for (const [name, value] of Object.entries(attributes)) svg.setAttribute(name, value);
  path.setAttribute('d', ICONS[kind] ?? ICONS.info);
  svg.append(path);
  return svg;
}

/**
 * A notice box.
 * @param {'ok' | 'warn' | 'bad' | 'info' | 'seal'} kind
 * @param {string} lead
 * @param {...(Node | string)} rest
 */
export const note = (kind, lead, ...rest) =>
  el('div', { class: `note note--${kind}` }, icon(kind), el('div', {}, el('strong', {}, lead), ' ', ...rest));

/** @param {string} kind @param {string} word */
export const tag = (kind, word) => el('span', { class: `tag tag--${kind}` }, word);

/** @param {string} value a digest; shown short, in full on hover */
export function short(value) {
  return el('code', { title: value }, value.length > 20 ? `${value.slice(0, 8)} … ${value.slice(-6)}` : value);
}

/** @param {number} bytes */
export function size(bytes) {
  if (bytes >= 1 << 30) return `${(bytes / (1 << 30)).toFixed(2)} GB`;
  if (bytes >= 1 << 20) return `${(bytes / (1 << 20)).toFixed(1)} MB`;
  return `${Math.ceil(bytes / 1024)} KB`;
}

/** @param {number} seconds */
export function duration(seconds) {
  const whole = Math.max(1, Math.ceil(seconds));
  if (whole < 60) return `${whole} 秒`;
  if (whole < 3600) return `${Math.floor(whole / 60)} 分 ${whole % 60} 秒`;
  return `${Math.floor(whole / 3600)} 小时 ${Math.ceil((whole % 3600) / 60)} 分`;
}

const BEIJING = new Intl.DateTimeFormat('sv-SE', {
  timeZone: 'Asia/Shanghai', dateStyle: 'short', timeStyle: 'medium',
});

/** @param {string | number} instant @returns {string} 2026-11-23 09:30:00, Beijing time */
export const moment = (instant) => BEIJING.format(new Date(instant));

/**
 * Offers bytes or text to be saved under a name.
 * @param {string} name
 * @param {Uint8Array | string} content
 * @param {string} [type]
 */
export function save(name, content, type = 'application/json') {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = el('a', { href: url, download: name, hidden: true });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/**
 * Bytes of the file chosen in an input, or null.
 * @param {HTMLInputElement} field
 * @returns {Promise<Uint8Array | null>}
 */
export async function chosenBytes(field) {
  const file = field.files?.[0];
  return file ? new Uint8Array(await file.arrayBuffer()) : null;
}

/** @param {number} ms */
export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Runs an act behind a button: no second start while it runs, the button keeps its focus and says it is busy.
 * @param {HTMLElement} button
 * @param {() => Promise<void>} act
 */
export function onPress(button, act) {
  let busy = false;
  button.addEventListener('click', async (event) => {
    event.preventDefault();
    if (busy) return;
    busy = true;
    button.setAttribute('aria-disabled', 'true');
    try {
      await act();
    } finally {
      busy = false;
      button.removeAttribute('aria-disabled');
    }
  });
}

/**
 * The place where a controller says what it is doing and what went wrong (macro `outcome`).
 * @param {string} id
 */
export function outcome(id) {
  const place = maybe(id);
  const alert = maybe(`${id}-err`);
  return {
    /** @param {string} text */
    say(text) {
      if (alert) alert.hidden = true;
      if (place) place.textContent = text;
    },
    /** @param {string} text @param {...(Node | string)} rest */
    fail(text, ...rest) {
      if (place) place.textContent = '';
      if (!alert) return;
      alert.replaceChildren(note('bad', text, ...rest));
      alert.hidden = false;
    },
  };
}

/**
 * Ticks a step of a transcript (macro `transcript`), with a fact beside it.
 * @param {ParentNode} root
 * @param {string} key
 * @param {string} [fact]
 */
export function tick(root, key, fact) {
  const step = root.querySelector(`[data-v="${key}"]`);
  if (!step) return;
  step.classList.add('v');
  if (fact) step.append(el('span', { class: 'hash' }, fact));
}
