// @ts-check
/**
 * The submission page: local checks, sealing and upload, the opening file, review, signature, receipt. The order of the
 * steps is that of docs/spec/browser.md, "Sealing, step by step"; nothing leaves the machine but ciphertext and the
 * signed submission.
 */
import { Offline, Problem, keyset as fetchKeyset, read, receiptOf, submit, trust } from './api.js';
import './app.js';
import { fileProblems, readForm } from './bidcheck.js';
import { b64u, equal, fromB64u } from './bytes.js';
import { jcs, parse } from './canonical.js';
import { blobSource, bytesSource, prepare } from './envelope.js';
import { Refusal, must } from './errors.js';
import { CHUNK_FILE, CHUNK_FORM } from './header.js';
import { sign } from './jws.js';
import { generate, load } from './keys.js';
import { chosenLicence } from './licence.js';
import { verifyProof } from './log.js';
import { TYP, checkKeyset, submission, submissionDigest, trusteeKeys } from './messages.js';
import { findUploads } from './resume.js';
import { readSbk, writeSbk } from './sbk.js';
import { settle } from './settle.js';
import { $, chosenBytes, duration, el, input, maybe, moment, note, onPress, save, short, size, tag } from './ui.js';
import { Upload } from './upload.js';
import { explain } from './words.js';

const STEPS = ['填写并选择文件', '本机检查', '加密并上传', '核对并签名递交', '取得回执'];

/** So long after the network was lost the page tries by itself. */
const RETRY_MS = 15_000;

/** What the page has made so far; the secrets in it live as long as the page. */
const bid = {
  /** @type {Terms | null} */ terms: null,
  /** @type {import('./keyfile.js').Licence | null} */ licence: null,
  /** @type {Uint8Array} the bid key, PKCS#8 */ key: new Uint8Array(0),
  /** @type {Slot[]} */ slots: [],
  price: '',
  saved: false,
};
/**
 * @typedef {object} Terms
 * @property {import('./messages.js').Keyset} keyset
 * @property {string} ks
 * @property {string} bidder the pseudonym for this lot
 * @property {number} rev number of the submission in the making
 * @property {string | null} prev digest of the one before
 * @property {string} deadline
 */
/** @typedef {{set: (done: number, kind: string, word: string) => void}} Row */
/** @typedef {{upload: Upload, name: string, row: Row, eid: Uint8Array | null, sent: boolean}} Slot */

/** The terms, once sealing has begun. @returns {Terms} */
function agreed() {
  must(bid.terms, 'choose', '请先加密并上传');
  return bid.terms;
}

let abort = new AbortController();
let paused = false;
let running = false;
/** Timer of the next attempt by itself after the network was lost. */
let waiting = 0;
const card = $('sealcard');
/** Id of the lot as addresses have it. */
const lotId = location.pathname.split('/')[3] ?? '';

/** @param {unknown} error */
function fail(error) {
  const place = $('fail');
  const text = error instanceof Refusal || error instanceof Error ? explain(error) : String(error);
  place.replaceChildren(note('bad', text, ...evidence(error)));
  place.hidden = false;
  place.scrollIntoView({ block: 'nearest' });
}

/** A signed rejection is evidence; the bidder may keep it. @param {unknown} error */
function evidence(error) {
  if (!(error instanceof Problem) || !error.rejection) return [];
  const rejection = error.rejection;
  const keep = () => save('rejection.jws', rejection, 'application/jose');
  const button = el('button', { class: 'btn btn--plain btn--s', type: 'button', onclick: keep }, '保存平台签名的拒收凭证');
  if (!error.page) return [button];
  return [button, el('a', { class: 'btn btn--plain btn--s', href: error.page }, '查看拒收凭证')];
}

/** @param {number} now index of the current step */
function step(now) {
  const items = STEPS.map((text, at) => {
    const state = at < now ? { class: 'done' } : at === now ? { 'aria-current': 'step' } : {};
    return el('li', /** @type {Record<string, string>} */ (state), el('b', {}, text));
  });
  maybe('sealsteps')?.replaceChildren(el('ol', { class: 'steps', 'aria-label': '递交步骤' }, ...items));
}

/** Nothing but true statements about what has been done: the page says that a bid is sent when it is, not earlier. */
/** @param {string} phase @param {string} [detail] */
function tell(phase, detail = '') {
  $('phase').textContent = phase;
  $('rate').textContent = detail;
}

/** @returns {import('./bidcheck.js').Field[]} */
function fields() {
  return Array.from(document.querySelectorAll('[data-field]'), (node) => {
    const field = /** @type {HTMLInputElement} */ (node);
    const name = field.dataset.field ?? '';
    const label = document.querySelector(`label[for="f-${name}"]`)?.firstChild?.textContent ?? name;
    const whole = field.inputMode === 'numeric';
    return { name, label, value: field.value, required: field.dataset.required !== undefined, whole };
  });
}

/**
 * Shows what is wrong with the form beside each field, and moves the focus to the first.
 * @param {Map<string, string>} errors
 */
function showErrors(errors) {
  for (const { name } of fields()) {
    const text = errors.get(name) ?? '';
    const place = $(`e-${name}`);
    place.textContent = text;
    place.hidden = text === '';
    $(`w-${name}`).classList.toggle('field--err', text !== '');
    input(`f-${name}`).setAttribute('aria-invalid', String(text !== ''));
  }
  const [first] = errors.keys();
  if (first) input(`f-${first}`).focus();
}

/** Reads and checks form and files; null if something has to be corrected. @param {boolean} [filesOnly] */
async function checked(filesOnly = false) {
  step(1);
  const cap = card.dataset.priceCap;
  const { basisMissing: missing = '', basisCap, basisFile = '' } = card.dataset;
  const law = { missing, cap: basisCap };
  const { values, errors } = readForm(filesOnly ? [] : fields(), cap ? BigInt(cap) : null, law);
  showErrors(errors);
  const files = Array.from(input('files').files ?? []);
  const problems = [];
  if (files.length === 0) problems.push(`请选择投标文件${basisFile}。`);
  const { maxBytes, bidderName = '' } = card.dataset;
  for (const file of files) {
    for (const text of await fileProblems(file, Number(maxBytes), bidderName)) problems.push(`“${file.name}”：${text}`);
  }
  $('localchecks').replaceChildren(...problems.map((text) => el('li', { class: 'n' }, text)));
  if (errors.size > 0 || problems.length > 0) {
    step(0);
    fail(errors.size > 0 ? `有 ${errors.size + problems.length} 处需要更正。` : problems.join(' '));
    return null;
  }
  $('fail').hidden = true;
  return { values, files };
}

/**
 * Opens the licence, and reads what the bid is sealed for: the keyset of the log, which must be the one on the page.
 * @param {File[]} files
 */
async function agree(files) {
  const { keyset: told, ks, proof } = await fetchKeyset(lotId);
  const keyset = await checkKeyset(told, ks);
  await requireLogged(keyset, proof);
  const { dataset } = card;
  const same = ks === dataset.ks && keyset.tender === dataset.tender && keyset.lot === dataset.lot;
  must(same && keyset.policy === dataset.policy && keyset.k === Number(dataset.k), 'keyset', 'the page says otherwise');
  const fileSlots = (dataset.slots ?? 'file').split(' ');
  must(files.length === fileSlots.length, 'choose', `请选择 ${fileSlots.length} 个文件；多个文件请先合并为一个 PDF 或 ZIP`);
  bid.licence = await chosenLicence();
  const { rev = '1', prev = '', bidder = '', deadline = '' } = dataset;
  bid.terms = { keyset, ks, bidder, rev: Number(rev), prev: prev || null, deadline };
  return { terms: bid.terms, licence: bid.licence, fileSlots };
}

/** Makes keys and envelopes for all slots; nothing is sent yet. @param {{values: any, files: File[]}} content */
async function makeEnvelopes({ values, files }) {
  const { terms: { keyset, ks, bidder }, licence, fileSlots } = await agree(files);
  bid.key = await generate();
  const form = jcs({
    v: 1, type: 'bid.form', tender: keyset.tender, lot: keyset.lot, bidder_name: licence.name, uscc: licence.uscc,
    ...values,
  });
  bid.price = String(values.price ?? '');
  const { unwrapping } = await load(bid.key);
  const bidderKeys = [unwrapping, licence.unwrapping].map(({ a, spki }) => ({ a, spki }));
  const subject = { suite: keyset.suite, tender: keyset.tender, lot: keyset.lot, bidder, ks };
  /** @type {{slot: string, name: string, source: import('./header.js').Source, chunk: number}[]} */
  const contents = [
    { slot: 'form', name: '投标函（本页填写）', source: bytesSource(form), chunk: CHUNK_FORM },
    ...fileSlots.map((slot, at) => ({
      slot, name: files[at].name, source: blobSource(files[at]), chunk: CHUNK_FILE,
    })),
  ];
  bid.saved = false;
  clearRows();
  for (const { slot, name, source, chunk } of contents) {
    const made = { ...subject, slot, chunk };
    const sealing = await prepare(made, keyset.policy, bidderKeys, trusteeKeys(keyset), keyset.k, source.size);
    const upload = new Upload(lotId, slot, sealing, source);
    bid.slots.push({ upload, name, row: addRow(name, slot, source.size), eid: null, sent: false });
  }
}

/**
 * Takes up the uploads of a page that was closed: the opening file gives the keys, the platform what has arrived.
 * @param {File[]} files in the order of the page's slots
 */
async function takeUp(files) {
  const data = await chosenBytes(input('resumesbk'));
  must(data, 'choose', '请选择上次加密时保存的解密备份文件（.sbk）');
  const { terms: { keyset, ks, bidder }, fileSlots } = await agree(files);
  const kept = await readSbk(data, input('licpass').value);
  const fits = kept.tender === keyset.tender && kept.lot === keyset.lot && kept.bidder === bidder;
  must(fits && same(kept.slots.map(({ slot }) => slot), ['form', ...fileSlots]), 'sbk-other');
  const found = await findUploads(lotId, kept, new Map(fileSlots.map((slot, at) => [slot, files[at]])));
  must(found.every(({ upload: { sealing } }) => sealing.header.core.ks === ks), 'sbk-other', 'another keyset');
  bid.key = kept.key;
  bid.saved = true;
  bid.price = '';
  clearRows();
  for (const { upload, name, eid, sent } of found) {
    bid.slots.push({ upload, name, row: addRow(name, upload.slot, upload.sealing.size), eid, sent });
  }
  $('savedkey').replaceChildren(tag('ok', '解密备份已核验'));
}

/** @param {unknown} a @param {unknown} b */
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

function clearRows() {
  $('rows').replaceChildren();
  bid.slots = [];
}

/** Seals everything once without sending: the ids are known, and what is taken up again is shown to be the same. */
async function measure() {
  for (const slot of bid.slots) {
    if (slot.sent) continue;
    const { upload: { sealing } } = slot;
    const told = (/** @type {number} */ done) => {
      slot.row.set(done, 'seal', '本机加密中');
      tell('正在本机加密，还没有上传', `${size(done)} / ${size(sealing.size)}`);
    };
    const eid = await slot.upload.measure(abort.signal, told);
    must(!slot.eid || equal(slot.eid, eid), 'resume-file');
    slot.eid = eid;
    slot.row.set(0, 'mute', '等待上传');
  }
}

/** Seals, keeps the opening file, and begins to send. */
async function begun() {
  abort = new AbortController();
  running = true;
  show(true);
  try {
    await measure();
    if (!bid.saved) await keep();
  } catch (error) {
    running = false;
    reset();
    if (!abort.signal.aborted) throw error;
    return;
  }
  await upload();
}

/** Shows the progress in place of the form, or the form. @param {boolean} sending */
function show(sending) {
  for (const id of ['overall', 'filebox', 'keepbox', 'cancel']) $(id).hidden = !sending;
  $('bidform').hidden = sending;
}

/**
 * Refuses to seal to a keyset that the public log does not hold: a server that shows one bidder other trustees than
 * everybody else would have to show them to everybody.
 * @param {import('./messages.js').Keyset} keyset
 * @param {any} proof
 */
async function requireLogged(keyset, proof) {
  must(proof, 'keyset-unlogged');
  try {
    await verifyProof(keyset, proof, await trust());
  } catch (error) {
    if (error instanceof Refusal && error.code !== 'unsupported') throw new Refusal('keyset-log', error.code);
    throw error;
  }
  must(proof.entry.type === 'keyset.published', 'keyset-log', 'the log holds it as something else');
}

/**
 * @param {string} name
 * @param {string} slot
 * @param {number} bytes
 * @returns {Row}
 */
function addRow(name, slot, bytes) {
  const bar = /** @type {HTMLProgressElement} */ (
    el('progress', { class: 'p-seal', max: String(bytes || 1), 'aria-label': `${name}加密上传进度` })
  );
  const percent = el('span', { class: 'sub' }, '等待');
  const state = el('td', {}, tag('mute', '等待'));
  const purpose = slot === 'form' ? '报价表单' : '投标文件';
  $('rows').append(
    el('tr', {},
      el('th', { scope: 'row' }, name), el('td', {}, purpose), el('td', { class: 'num' }, size(bytes)),
      el('td', { class: 'pcell' }, bar, percent), state),
  );
  bar.value = 0;
  return {
    set(done, kind, word) {
      bar.value = done;
      percent.textContent = `${bytes ? Math.floor((done / bytes) * 100) : 100}%`;
      state.replaceChildren(tag(kind, word));
    },
  };
}

/** Sends everything that is missing, then shows the review. */
async function upload() {
  step(2);
  clearTimeout(waiting);
  waiting = 0;
  running = true;
  paused = false;
  abort = new AbortController();
  show(true);
  label('暂停');
  tell('正在加密并上传');
  const total = bid.slots.reduce((sum, { upload: { sealing } }) => sum + sealing.size, 0);
  const arrived = () => bid.slots.reduce((sum, { sent, upload: { done, sealing } }) => sum + (sent ? sealing.size : done), 0);
  let started = performance.now();
  let before = 0;
  let spoken = 0;
  const bar = /** @type {HTMLProgressElement} */ ($('all'));
  bar.max = total;
  const progress = () => {
    const done = arrived();
    const rate = (done - before) / ((performance.now() - started) / 1000);
    const left = rate > 0 ? ` · ${size(rate)}/秒 · 预计还需 ${duration((total - done) / rate)}` : '';
    bar.value = done;
    tell('正在加密并上传', `${size(done)} / ${size(total)}${left}`);
    const quarter = Math.floor((done / total) * 4);
    if (quarter > spoken) $('say').textContent = `已完成 ${quarter * 25}%`;
    spoken = Math.max(spoken, quarter);
  };
  try {
    // The heads of all slots first: whoever closes the page from now on can go on with the opening file.
    for (const { sent, upload: one } of bid.slots) if (!sent) await one.open();
    before = arrived();
    started = performance.now();
    for (const slot of bid.slots) {
      slot.upload.onprogress = () => {
        slot.row.set(slot.upload.done, 'seal', '加密上传中');
        progress();
      };
      slot.upload.onretry = (waiting) => waiting && tell('网络中断，正在重试');
      slot.upload.gate = untilResumed;
      if (!slot.sent) {
        const eid = await slot.upload.run(abort.signal);
        must(slot.eid && equal(eid, slot.eid), 'eid');
        slot.sent = true;
      }
      slot.row.set(slot.upload.sealing.size, 'ok', '已密封');
    }
    await review();
  } catch (error) {
    interrupted(error);
  } finally {
    running = false;
  }
}

async function untilResumed() {
  while (paused && !abort.signal.aborted) await new Promise((resolve) => setTimeout(resolve, 150));
}

/** Goes on by itself when the network is back. */
function goOn() {
  if (waiting === 0 || running || abort.signal.aborted) return;
  void upload();
}

/** @param {unknown} error */
function interrupted(error) {
  if (abort.signal.aborted) return reset();
  if (error instanceof Offline) {
    tell('网络中断，已暂停。已上传的部分保留，网络恢复后自动继续；关闭本页后，可以凭解密备份继续。');
    label('继续上传');
    waiting = window.setTimeout(goOn, RETRY_MS);
    return undefined;
  }
  tell('已停止，没有递交');
  fail(error);
  label('');
  return undefined;
}

/** Back to the form. Uploaded ciphertext without a submission is worthless and the server discards it. */
function reset() {
  clearTimeout(waiting);
  waiting = 0;
  bid.slots = [];
  bid.saved = false;
  for (const id of ['pause', 'review']) $(id).hidden = true;
  show(false);
  step(0);
}

/** Changes the words of the pause button, keeping its icon; an empty text hides it. @param {string} text */
function label(text) {
  const button = $('pause');
  button.hidden = text === '';
  if (button.lastChild) button.lastChild.textContent = text;
}

/** The opening day as the platform foresees it now: what will have run out by then has to be known before signing. */
async function foresee() {
  const notes = [];
  try {
    const { findings } = await read(`/lots/${lotId}/readiness`);
    for (const { message } of findings) notes.push(note('warn', '开标当日：', message));
  } catch {
    notes.push(note('warn', '暂时无法模拟开标当日：', '请自行核对执照证书和授权在开标解密结束前都有效。'));
  }
  $('foreseen').replaceChildren(...notes);
  $('knownbox').hidden = notes.length === 0;
}

/** Everything is on the server, nothing is submitted: shows what will be recorded. */
async function review() {
  step(3);
  tell('全部密文已上传，请核对后确认递交。现在还没有递交。');
  label('');
  const terms = agreed();
  const rows = [
    ['投标人', bid.licence?.name ?? ''],
    ['递交次数', `第 ${terms.rev} 次${terms.prev ? '（替换此前的递交）' : ''}`],
    ['投标报价', bid.price ? `${bid.price} 元（只在本机显示）` : '已密封在投标函中，与中断前填写的一致'],
    ['投标截止', `${moment(terms.deadline)}（北京时间）`],
  ];
  const facts = rows.flatMap(([term, text]) => [el('dt', {}, term), el('dd', {}, text)]);
  for (const { name, eid, upload: { bytes } } of bid.slots) {
    const id = short(b64u(eid ?? new Uint8Array(0)));
    facts.push(el('dt', {}, name), el('dd', {}, `密文 ${size(bytes)}，封装编号 `, id));
  }
  $('reviewrows').replaceChildren(...facts);
  await foresee();
  $('review').hidden = false;
  $('confirmwhy').textContent = bid.saved ? '' : '请先核验解密备份文件。';
  $('review').scrollIntoView({ block: 'start' });
}

/** The opening file's content. */
function openingFile() {
  const { keyset: { tender, lot }, bidder } = agreed();
  const slots = bid.slots.map(({ upload: { slot, sealing }, eid }) => {
    must(eid, 'eid');
    return { slot, eid, fk: sealing.fk };
  });
  return { tender, lot, bidder, key: bid.key, slots };
}

/** Saves the opening file and asks to choose it again: a backup that was never opened is no backup. */
async function keep() {
  const terms = agreed();
  const name = `${terms.keyset.tender}-${terms.keyset.lot}-${terms.rev}.sbk`;
  $('savedkey').textContent = '正在生成…';
  save(name, await writeSbk(openingFile(), input('licpass').value), 'application/octet-stream');
  const choose = /** @type {HTMLInputElement} */ (
    el('input', { class: 'inp inp--file', type: 'file', id: 'sbkagain', accept: '.sbk' })
  );
  choose.addEventListener('change', () => void testKept(choose));
  $('savedkey').replaceChildren(
    el('label', { for: 'sbkagain' }, `已保存为 ${name}，口令与执照密钥相同。请选择刚保存的文件进行核验：`), choose,
  );
}

/** @param {HTMLInputElement} choose */
async function testKept(choose) {
  try {
    const data = await chosenBytes(choose);
    must(data, 'sbk-format');
    const read = await readSbk(data, input('licpass').value);
    const wanted = openingFile();
    const fks = wanted.slots.every(({ fk }, at) => read.slots[at] && equal(fk, read.slots[at].fk));
    const place = same([read.tender, read.lot, read.bidder], [wanted.tender, wanted.lot, wanted.bidder]);
    must(place && fks && equal(read.key, wanted.key), 'sbk-format');
    bid.saved = true;
    $('savedkey').replaceChildren(tag('ok', '解密备份已核验'));
    $('confirmwhy').textContent = '';
  } catch (error) {
    bid.saved = false;
    $('savedkey').append(note('bad', explain(error)));
  }
}

/** Signs and submits. */
async function confirm() {
  const why = $('confirmwhy');
  if (!bid.saved) {
    why.textContent = '请先核验解密备份文件。';
    $('savekey').focus();
    return;
  }
  if (!input('agree').checked) {
    why.textContent = '请先勾选声明。';
    input('agree').focus();
    return;
  }
  if (!$('knownbox').hidden && !input('known').checked) {
    why.textContent = '请先勾选，确认您已知悉开标当日的情况。';
    input('known').focus();
    return;
  }
  const { licence } = bid;
  const terms = agreed();
  must(licence, 'choose', '请重新选择执照密钥文件');
  const docs = bid.slots.map(({ upload: { slot, sealing, bytes }, eid }) => {
    must(eid, 'eid');
    return { slot, eid, chunks: sealing.chunks, bytes };
  });
  const place = { tender: terms.keyset.tender, lot: terms.keyset.lot, bidder: terms.bidder };
  const message = submission(place, terms.rev, terms.prev, docs, terms.ks);
  const digest = b64u(await submissionDigest(message));
  try {
    const jws = await sign(licence.signer, TYP.submission, message);
    why.textContent = '正在递交…';
    const settled = await settle(() => submit(jws), () => receiptOf(digest), (text) => (why.textContent = text));
    receipt(settled, digest);
  } catch (error) {
    why.textContent = '';
    fail(error instanceof Offline ? '网络中断，尚不确定平台是否收到。请稍后打开本页的递交记录查看，不要重复递交。' : error);
  }
}

/**
 * @param {import('./settle.js').Settled} settled
 * @param {string} digest
 */
function receipt({ bundle, checked: verdict, sound }, digest) {
  step(5);
  const keepIt = () => save(`receipt-${digest.slice(0, 12)}.json`, JSON.stringify(bundle, null, 1));
  const payload = parse(fromB64u(bundle.receipt.split('.')[1]));
  const panel = el('section', { class: 'okpanel', id: 'received', role: 'status' },
    el('div', {},
      el('h1', {}, '投标文件递交成功'),
      el('p', {}, '平台已于 ', el('strong', {}, moment(payload.received_at)), '（北京时间）收到全部密文并签发回执。投标截止前，您可以修改或撤回。'),
      el('p', { class: sound ? 'small' : 'badtext' }, verdict),
      el('div', { class: 'btns mt2' },
        el('a', { class: 'btn', href: `/b/receipts/${digest}` }, '查看回执'),
        el('button', { class: 'btn btn--quiet', type: 'button', onclick: keepIt }, '保存回执（JSON）'))));
  $('review').replaceWith(panel);
  card.hidden = true;
  $('fail').hidden = true;
  clearTimeout(waiting);
  waiting = 0;
  bid.key = new Uint8Array(0);
  bid.slots = [];
  panel.scrollIntoView({ block: 'start' });
}

/** At the deadline the form gives way to the closed panel; the server refuses anyway. */
function close() {
  abort.abort();
  const done = bid.slots.reduce((sum, slot) => sum + slot.upload.done, 0);
  const total = bid.slots.reduce((sum, { upload: { sealing } }) => sum + sealing.size, 0);
  const share = total > 0 ? `截止时已上传 ${Math.floor((done / total) * 100)}%，` : '';
  $('closedtext').textContent = `投标已截止，平台不再接收投标文件。${share}未签发回执。此前有效的递交不受影响。`;
  $('closed').hidden = false;
  card.hidden = true;
  $('review').hidden = true;
}

function begin() {
  if (!globalThis.isSecureContext || !globalThis.crypto?.subtle) {
    $('unsupported').hidden = false;
    card.hidden = true;
    return;
  }
  onPress($('start'), async () => {
    try {
      const content = await checked();
      if (!content) return;
      $('startwhy').textContent = '正在准备密钥…';
      await makeEnvelopes(content);
      $('startwhy').textContent = '';
      void begun().catch(fail);
    } catch (error) {
      $('startwhy').textContent = '';
      step(0);
      fail(error);
    }
  });
  onPress($('resume'), async () => {
    try {
      const content = await checked(true);
      if (!content) return;
      await takeUp(content.files);
      void begun().catch(fail);
    } catch (error) {
      step(0);
      fail(error);
    }
  });
  addEventListener('online', goOn);
  $('pause').addEventListener('click', () => {
    if (!running) return void upload();
    paused = !paused;
    label(paused ? '继续' : '暂停');
    tell(paused ? '已暂停' : '正在加密并上传');
    return undefined;
  });
  $('cancel-yes').addEventListener('click', () => {
    abort.abort();
    if (!running) reset();
  });
  onPress($('savekey'), async () => keep().catch(fail));
  onPress($('confirm'), confirm);
  input('files').addEventListener('change', () => {
    const names = Array.from(input('files').files ?? [], (file) => `${file.name}（${size(file.size)}）`);
    $('startwhy').textContent = names.length ? `已选择 ${names.join('、')}；现在还没有递交。` : '选择文件后即可开始；现在还没有递交。';
  });
  allowDrop();
  document.addEventListener('over', close);
  addEventListener('beforeunload', (event) => {
    if (bid.slots.length > 0) event.preventDefault(); // sealed or uploaded, and not submitted
  });
}

/** Dropping files is the same as choosing them. */
function allowDrop() {
  const zone = document.querySelector('.drop');
  zone?.addEventListener('dragover', (event) => event.preventDefault());
  zone?.addEventListener('drop', (event) => {
    event.preventDefault();
    const { dataTransfer } = /** @type {DragEvent} */ (event);
    if (!dataTransfer?.files.length) return;
    input('files').files = dataTransfer.files;
    input('files').dispatchEvent(new Event('change'));
  });
}

if (maybe('start')) begin();
