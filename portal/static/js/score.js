// @ts-check
/**
 * Scoring grid of an evaluator: totals, range checks, movement by keys, and saving to the server while typing. All sums
 * are in hundredths, so that 0.1 + 0.2 is 0.3. The server checks everything again; nothing here decides a score.
 *
 * Markup: `#grid` (a form with data-save) with inputs `.sc` that carry data-col, data-row, data-max and data-step
 * (decimal text); `[data-tot=col]`, `#filled`, `#total`, `#prog`, `#saved`.
 */
import './app.js';
import { Offline, Problem, saveScores } from './api.js';
import { maybe, moment } from './ui.js';

const fields = /** @type {HTMLInputElement[]} */ (Array.from(document.querySelectorAll('.sc')));
const DECIMAL = /^(?:0|[1-9][0-9]{0,4})(?:\.[0-9]{1,2})?$/;

/**
 * Hundredths of a decimal text, or null if it is none.
 * @param {string} text
 * @returns {number | null}
 */
export function hundredths(text) {
  if (!DECIMAL.test(text)) return null;
  const [whole, part = ''] = text.split('.');
  return Number(whole) * 100 + Number(part.padEnd(2, '0'));
}

/** @param {number} value */
const written = (value) => `${Math.floor(value / 100)}.${String(value % 100).padStart(2, '0')}`;

/**
 * @param {HTMLInputElement} field
 * @returns {{value: number | null, wrong: boolean}}
 */
function read(field) {
  const text = field.value.trim();
  const value = hundredths(text);
  const max = hundredths(field.dataset.max ?? '0') ?? 0;
  const step = hundredths(field.dataset.step ?? '0.5') ?? 50;
  const wrong = text !== '' && (value === null || value > max || value % step !== 0);
  return { value: wrong || text === '' ? null : value, wrong };
}

/** Recomputes marks and totals. */
function compute() {
  /** @type {Map<string, {sum: number, complete: boolean}>} */
  const columns = new Map();
  let filled = 0;
  for (const field of fields) {
    const { value, wrong } = read(field);
    const column = columns.get(field.dataset.col ?? '') ?? { sum: 0, complete: true };
    columns.set(field.dataset.col ?? '', column);
    const max = hundredths(field.dataset.max ?? '0') ?? 0;
    field.classList.toggle('sc--bad', wrong);
    field.classList.toggle('sc--empty', field.value.trim() === '');
    // Outside the usual band a reason is asked for; that is a hint, not an error.
    field.classList.toggle('sc--note', value !== null && (value * 100 > max * 95 || value * 100 < max * 60));
    field.setAttribute('aria-invalid', String(wrong));
    if (value === null) column.complete = false;
    else {
      column.sum += value;
      filled += 1;
    }
  }
  for (const cell of document.querySelectorAll('[data-tot]')) {
    const column = columns.get(/** @type {HTMLElement} */ (cell).dataset.tot ?? '');
    if (!column) continue;
    cell.textContent = written(column.sum);
    cell.classList.toggle('part', !column.complete);
    cell.setAttribute('title', column.complete ? '' : '尚未填完');
  }
  say('filled', String(filled));
  say('total', String(fields.length));
  const bar = maybe('prog');
  if (bar instanceof HTMLProgressElement) {
    bar.max = fields.length || 1;
    bar.value = filled;
  }
}

/** @param {string} id @param {string} text */
function say(id, text) {
  const place = maybe(id);
  if (place) place.textContent = text;
}

let timer = 0;
let changed = 0;

/** Saves what stands in the grid 600 ms after the last keystroke. */
function saveSoon() {
  const grid = maybe('grid');
  const url = grid?.dataset.save;
  if (!url) return;
  changed += 1;
  say('saved', '正在保存…');
  clearTimeout(timer);
  timer = setTimeout(async () => {
    const version = changed;
    const cells = fields.filter((field) => !read(field).wrong).map((field) => [field.name, field.value.trim()]);
    try {
      await saveScores(url, Object.fromEntries(cells));
      if (version === changed) say('saved', `已自动保存 ${moment(Date.now()).slice(11)}`);
    } catch (error) {
      if (error instanceof Offline) {
        say('saved', '网络中断，尚未保存，正在重试');
        timer = setTimeout(saveSoon, 3000);
      } else say('saved', error instanceof Problem && error.detail ? error.detail : '未能保存，请勿关闭页面');
    }
  }, 600);
}

/**
 * The field one step away: arrows and Enter move within the grid as it is laid out.
 * @param {HTMLInputElement} field
 * @param {number} rows
 * @param {number} columns
 */
function neighbour(field, rows, columns) {
  const [row, col] = [Number(field.dataset.row) + rows, Number(field.dataset.col) + columns];
  return fields.find((other) => Number(other.dataset.row) === row && Number(other.dataset.col) === col);
}

/** @param {KeyboardEvent} event */
function move(event) {
  const field = event.target;
  if (!(field instanceof HTMLInputElement) || !field.classList.contains('sc')) return;
  const atStart = field.selectionStart === 0 && field.selectionEnd === 0;
  const atEnd = field.selectionStart === field.value.length;
  /** @type {Record<string, [number, number]>} */
  const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], Enter: [1, 0] };
  if (atStart) steps.ArrowLeft = [0, -1];
  if (atEnd) steps.ArrowRight = [0, 1];
  const step = steps[event.key];
  if (!step) return;
  const next = neighbour(field, ...step);
  event.preventDefault();
  next?.focus();
  next?.select();
}

document.addEventListener('input', (event) => {
  if (!(event.target instanceof HTMLInputElement) || !event.target.classList.contains('sc')) return;
  compute();
  saveSoon();
});
document.addEventListener('keydown', move);
compute();
