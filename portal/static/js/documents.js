// @ts-check
/**
 * Sends a tender document in pieces: with progress, through cuts, and, when the same file is chosen again after the page
 * was closed, only what is missing. The form around it works without this script for files of up to 64 MB.
 *
 * Markup (templates/trading/documents.html): form `#docform` with `data-lot`, `data-purpose`, `data-most`; file `#f-file`;
 * `#docsend` with `#doc-all` (progress), `#doc-rate`, `#doc-stop`; outcome `#docsay`.
 */
import './app.js';
import { Offline, post, putPiece } from './api.js';
import { b64u } from './bytes.js';
import { Refusal } from './errors.js';
import { sha256 } from './hash.js';
import { $, duration, input, maybe, outcome, pause, size } from './ui.js';
import { explain } from './words.js';

const PIECE = 4 * 1024 * 1024;
const WORKERS = 3;
const RETRIES = 6;

const say = outcome('docsay');

/**
 * @param {File} file
 * @param {number} j
 */
async function pieceOf(file, j) {
  try {
    return new Uint8Array(await file.slice(j * PIECE, (j + 1) * PIECE).arrayBuffer());
  } catch {
    throw new Refusal('file-changed');
  }
}

/**
 * Digests of all pieces, read one after another so that memory stays flat.
 * @param {File} file
 * @param {(done: number) => void} progress bytes
 */
async function leavesOf(file, progress) {
  const leaves = [];
  for (let j = 0; j * PIECE < file.size; j += 1) {
    leaves.push(b64u(await sha256(await pieceOf(file, j))));
    progress(Math.min(file.size, (j + 1) * PIECE));
  }
  return leaves;
}

/**
 * @param {string} id
 * @param {File} file
 * @param {number} j
 * @param {AbortSignal} signal
 */
async function send(id, file, j, signal) {
  for (let attempt = 0; ; attempt += 1) {
    try {
      await putPiece(id, j, await pieceOf(file, j), signal);
      return;
    } catch (error) {
      if (!(error instanceof Offline) || attempt >= RETRIES) throw error;
      say.say('连接中断，正在重试；已经传完的部分不会重传。');
      await pause(500 * 2 ** attempt);
      signal.throwIfAborted();
    }
  }
}

/**
 * @param {File} file
 * @param {DOMStringMap} data
 * @param {AbortSignal} signal
 */
async function sendAll(file, data, signal) {
  const bar = /** @type {HTMLProgressElement} */ ($('doc-all'));
  const rate = $('doc-rate');
  bar.max = file.size || 1;
  say.say('正在计算文件指纹');
  const pieces = await leavesOf(file, (done) => {
    signal.throwIfAborted();
    bar.value = done;
  });
  const draft = { name: file.name, size: file.size, pieces, purpose: data.purpose };
  const { id, bitmap } = await post(`/lots/${data.lot}/documents/pieces`, draft);
  const todo = [...bitmap].flatMap((mark, j) => (mark === '1' ? [] : [j]));
  const bytesOf = (/** @type {number} */ j) => Math.min(PIECE, file.size - j * PIECE);
  const before = file.size - todo.reduce((sum, j) => sum + bytesOf(j), 0);
  const began = performance.now();
  let sent = 0;
  say.say(before > 0 ? `接着上次继续：已有 ${size(before)}` : '正在上传');
  bar.value = before;
  const work = async () => {
    for (let j = todo.shift(); j !== undefined; j = todo.shift()) {
      signal.throwIfAborted();
      await send(id, file, j, signal);
      sent += bytesOf(j);
      bar.value = before + sent;
      const speed = sent / ((performance.now() - began) / 1000);
      rate.textContent = `${size(before + sent)} / ${size(file.size)} · ${size(speed)}/秒 · 还需约 ${duration((file.size - before - sent) / speed)}`;
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, work));
  say.say('正在核对并保存');
  await post(`/pieces/${id}/document`, {});
}

const form = maybe('docform');
if (form instanceof HTMLFormElement) {
  const field = input('f-file');
  const box = $('docsend');
  /** @type {AbortController | null} */
  let running = null;
  $('doc-stop').addEventListener('click', () => running?.abort());
  window.addEventListener('beforeunload', (event) => {
    if (running) event.preventDefault();
  });
  form.addEventListener('submit', async (event) => {
    const file = field.files?.[0];
    if (!file || running) return; // the server says what is missing
    event.preventDefault();
    if (file.size > Number(form.dataset.most)) {
      say.fail(`单个文件不超过 ${size(Number(form.dataset.most))}。`);
      return;
    }
    running = new AbortController();
    box.hidden = false;
    try {
      await sendAll(file, form.dataset, running.signal);
      running = null;
      location.reload();
    } catch (error) {
      const stopped = running?.signal.aborted;
      running?.abort();
      running = null;
      box.hidden = true;
      say.fail(stopped ? '已停止。再次选择同一文件即可接着上传。' : explain(error));
    }
  });
}
