// @ts-check
/**
 * Rows of a form that people add, remove and move, without a round trip; the sum of the points while they type. Without
 * this script the same buttons submit the form and the server does the same (trading/pages/grid.py).
 *
 * Markup (templates/macros/grid.html): `[data-grid=name]` with `[data-rows]`, a `template` of one row whose number is
 * `new`, rows `[data-row]`, buttons `[name=edit]`, a status `[data-said]`; `#grid-total`, `#grid-price`, `#grid-state`.
 */
import './app.js';
import { maybe, tag } from './ui.js';

const MOST_ROWS = 80;
const DECIMAL = /^(?:0|[1-9][0-9]{0,3})(?:\.[0-9]{1,2})?$/;
const NUMBERED = ['id', 'name', 'for', 'aria-describedby'];

/**
 * Hundredths of a decimal text; what is no number counts nothing.
 * @param {string} text
 */
export function hundredths(text) {
  if (!DECIMAL.test(text)) return 0;
  const [whole, part = ''] = text.split('.');
  return Number(whole) * 100 + Number(part.padEnd(2, '0'));
}

/**
 * Points without zeros at the end.
 * @param {number} value hundredths
 */
export const written = (value) => String(value / 100);

/** @param {HTMLElement} box */
const rowsOf = (box) => /** @type {HTMLElement[]} */ (Array.from(box.querySelectorAll('[data-rows] > [data-row]')));

/**
 * Gives every row the number of its place: names, ids, labels, buttons.
 * @param {HTMLElement} box
 */
function number(box) {
  const name = box.dataset.grid ?? '';
  const place = new RegExp(`(^|\\b[feh]-|\\s)${name}-(?:\\d+|new)-`, 'g');
  rowsOf(box).forEach((row, at) => {
    for (const node of row.querySelectorAll('*')) {
      for (const attribute of NUMBERED) {
        const value = node.getAttribute(attribute);
        if (value) node.setAttribute(attribute, value.replace(place, `$1${name}-${at}-`));
      }
      if (node instanceof HTMLButtonElement && node.name === 'edit') {
        node.value = node.value.replace(/:[^:]*$/, `:${at}`);
        node.disabled = false;
      }
    }
    const no = row.querySelector('[data-no]');
    if (no) no.textContent = String(at + 1);
  });
}

/**
 * Takes the mark of an error off a field: it is about what stood there before.
 * @param {Element} field
 */
function settle(field) {
  field.querySelector('.err')?.remove();
  field.classList.remove('field--err');
  field.querySelector('[aria-invalid]')?.removeAttribute('aria-invalid');
}

/** @param {HTMLElement} box @param {string} text */
function say(box, text) {
  const place = box.querySelector('[data-said]');
  if (place) place.textContent = text;
}

/** @param {Element | undefined} row */
const enter = (row) => /** @type {HTMLElement | null} */ (row?.querySelector('input') ?? null)?.focus();

/** @param {HTMLElement} box */
function add(box) {
  const rows = box.querySelector('[data-rows]');
  const blank = /** @type {HTMLTemplateElement | null} */ (box.querySelector('template'));
  if (!rows || !blank || rowsOf(box).length >= MOST_ROWS) return say(box, `最多 ${MOST_ROWS} 项`);
  rows.append(document.importNode(blank.content, true));
  number(box);
  enter(rowsOf(box).at(-1));
  return say(box, `已添加第 ${rowsOf(box).length} 项`);
}

/** @param {HTMLElement} box @param {string} verb @param {number} at */
function change(box, verb, at) {
  const rows = rowsOf(box);
  const row = rows[at];
  if (!row) return;
  if (verb === 'drop') {
    row.remove();
    say(box, `已删除第 ${at + 1} 项，还有 ${rows.length - 1} 项`);
    enter(rows[at + 1] ?? rows[at - 1]);
  } else {
    const other = rows[at + (verb === 'up' ? -1 : 1)];
    if (!other) return;
    if (verb === 'up') other.before(row);
    else other.after(row);
    say(box, `已移到第 ${at + (verb === 'up' ? 0 : 2)} 项`);
    /** @type {HTMLElement | null} */ (row.querySelector(`[name=edit][value*=":${verb}:"]`))?.focus();
  }
  number(box);
}

/** What the server said of all rows together no longer holds once they change. @param {HTMLElement} box */
const unsay = (box) => box.querySelector('.growerr')?.remove();

/** Adds the points up, in hundredths, so that 0.1 + 0.2 is 0.3. */
function sum() {
  const box = /** @type {HTMLElement | null} */ (document.querySelector('[data-grid=criteria]'));
  const [total, price, state] = [maybe('grid-total'), maybe('grid-price'), maybe('grid-state')];
  if (!box || !total || !price || !state) return;
  let all = 0;
  let prices = 0;
  for (const row of rowsOf(box)) {
    const points = hundredths(/** @type {HTMLInputElement} */ (row.querySelector('[name$="-max"]')).value.trim());
    all += points;
    if (/** @type {HTMLSelectElement} */ (row.querySelector('[name$="-kind"]')).value === 'price') prices += points;
  }
  const full = hundredths(total.dataset.full ?? '100');
  total.textContent = written(all);
  price.textContent = written(prices);
  const words = all === full ? '合计正确' : all < full ? `还差 ${written(full - all)} 分` : `多出 ${written(all - full)} 分`;
  if (state.textContent !== words) state.replaceChildren(tag(all === full ? 'ok' : 'bad', words));
}

for (const node of document.querySelectorAll('[data-grid]')) {
  const box = /** @type {HTMLElement} */ (node);
  box.addEventListener('click', (event) => {
    const button = event.target instanceof Element ? event.target.closest('button[name=edit]') : null;
    if (!(button instanceof HTMLButtonElement)) return;
    event.preventDefault();
    const [, verb = '', at = ''] = button.value.split(':');
    if (verb === 'add') add(box);
    else change(box, verb, Number(at));
    unsay(box);
    sum();
  });
  box.addEventListener('input', (event) => {
    const field = event.target instanceof Element ? event.target.closest('.field') : null;
    if (field) settle(field);
    unsay(box);
    // The price belongs to the price part and nothing else does: said by the rule, so nobody has to choose it twice.
    if (event.target instanceof HTMLSelectElement && event.target.name.endsWith('-kind')) {
      const group = event.target.closest('[data-row]')?.querySelector('select[name$="-group"]');
      if (group instanceof HTMLSelectElement) {
        if (event.target.value === 'price') group.value = 'price';
        else if (group.value === 'price') group.value = 'technical';
      }
    }
    sum();
  });
}
sum();
