// @ts-check
/**
 * Live pages: server-sent events replace fragments by id. The state of the connection is told in words. One connection
 * per tab; after three failed attempts the page itself is fetched every ten seconds instead.
 */
import './app.js';
import { maybe } from './ui.js';

/**
 * The one Trusted Types policy of the site. It passes markup through unchanged because it comes from our own templates,
 * which escape; scripts and handlers in it would not run: innerHTML runs no script element, and the content security
 * policy refuses inline handlers.
 */
const types = /** @type {any} */ (self).trustedTypes; // absent in browsers without Trusted Types
const policy = types?.createPolicy('tr-fragment', { createHTML: (/** @type {string} */ text) => text });

/** @param {string} html @returns {DocumentFragment} */
function parseMarkup(html) {
  const template = document.createElement('template');
  template.innerHTML = policy ? policy.createHTML(html) : html;
  return template.content;
}

/** @typedef {{id: string, html: string, mode?: 'replace' | 'prepend' | 'append', seq?: number}} Fragment */

const POLL_MS = 10_000;
const held = { on: false, count: 0 };

/** @param {'live' | 'warn'} kind @param {string} text */
function tell(kind, text) {
  const dot = maybe('livedot');
  const words = maybe('livetext');
  if (dot) dot.className = `dot dot--${kind}`;
  if (words && words.textContent !== text) words.textContent = text;
}

/**
 * Puts a fragment in its place without losing the focus of a control inside it.
 * @param {Fragment} fragment
 */
export function apply({ id, html, mode }) {
  const place = document.getElementById(id);
  if (!place) return;
  const content = parseMarkup(html);
  if (mode === 'prepend' || mode === 'append') {
    const list = place.querySelector('ol, ul, tbody') ?? place;
    list[mode](content);
    if (held.on) holding(held.count + 1);
    return;
  }
  const focused = place.contains(document.activeElement) ? document.activeElement?.id : '';
  // A fragment may bring its own element (a table row) or only what is inside it.
  const own = content.childElementCount === 1 && content.firstElementChild?.id === id;
  if (own) place.replaceWith(content);
  else place.replaceChildren(content);
  if (focused) document.getElementById(focused)?.focus();
}

/** Fetches the page anew and takes over every fragment that has changed. */
async function poll() {
  try {
    const response = await fetch(location.href, { headers: { accept: 'text/html' }, cache: 'no-store' });
    if (!response.ok) throw new Error(String(response.status));
    const page = parseMarkup(await response.text());
    for (const fresh of page.querySelectorAll('[data-live] [id]')) {
      const old = document.getElementById(fresh.id);
      if (!old || old.innerHTML === fresh.innerHTML) continue;
      // Only leaves of the tree of ids are taken over, so that an outer one does not undo what is typed elsewhere; where
      // the page has places that this one lacks, such as the table after the opening, there is nothing to undo.
      const inner = [...fresh.querySelectorAll('[id]')];
      if (inner.length > 0 && inner.every((one) => document.getElementById(one.id))) continue;
      old.replaceChildren(...fresh.childNodes);
    }
    tell('warn', '实时连接不可用，每 10 秒更新一次');
  } catch {
    tell('warn', '连接中断，正在重连；页面内容可能不是最新');
  }
}

/**
 * Connects a page to its stream.
 * @param {HTMLElement} root with data-live
 */
export function connect(root) {
  let failures = 0;
  let timer = 0;
  const stream = new EventSource(root.dataset.live ?? '');
  stream.addEventListener('open', () => {
    failures = 0;
    clearInterval(timer);
    timer = 0;
    tell('live', '实时连接正常');
  });
  stream.addEventListener('error', () => {
    failures += 1;
    tell('warn', '连接中断，正在重连；页面内容可能不是最新');
    if ((failures >= 3 || stream.readyState === EventSource.CLOSED) && timer === 0) timer = setInterval(poll, POLL_MS);
  });
  stream.addEventListener('fragment', (event) => {
    const message = JSON.parse(/** @type {MessageEvent} */ (event).data);
    for (const fragment of Array.isArray(message) ? message : [message]) apply(fragment);
  });
  stream.addEventListener('close', () => {
    stream.close(); // the matter is over; the page as it stands is final
    tell('live', '本场已结束');
  });
  addEventListener('pagehide', () => {
    stream.close();
    clearInterval(timer);
  });
}

/** @param {number} count unseen entries while the log is held */
function holding(count) {
  held.count = count;
  const button = maybe('freeze');
  if (button) button.textContent = held.on ? (count > 0 ? `恢复滚动（${count} 条未读）` : '恢复滚动') : '暂停滚动';
}

for (const root of document.querySelectorAll('[data-live]')) {
  if (root instanceof HTMLElement && root.dataset.live) connect(root);
}

maybe('freeze')?.addEventListener('click', () => {
  held.on = !held.on;
  maybe('freeze')?.setAttribute('aria-pressed', String(held.on));
  maybe('log')?.setAttribute('aria-live', held.on ? 'off' : 'polite');
  holding(0);
});
