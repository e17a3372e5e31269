// @ts-check
/** The page that looks through technical parts without names: files are read here and never sent. */
import { LIMITS, findTraces, wordsOf } from './blind.js';
import { $, el, input, maybe, note, onPress } from './ui.js';

/** @param {HTMLElement} card */
function control(card) {
  const identity = JSON.parse(card.dataset.identity ?? '{}');
  const say = $('blindsay');
  onPress($('blindstart'), async () => {
    const files = [...input('blindfiles').files ?? []];
    if (files.length === 0) {
      say.textContent = '请先选择技术文件。';
      input('blindfiles').focus();
      return;
    }
    const results = [];
    for (const file of files) {
      say.textContent = `正在检查“${file.name}”…`;
      results.push(await result(file, { ...identity, phone: input('blindphone').value }));
    }
    $('blindresults').replaceChildren(...results);
    say.textContent = `已检查 ${files.length} 个文件。${LIMITS}`;
  });
}

/** @param {File} file @param {Record<string, string>} identity */
async function result(file, identity) {
  let found;
  try {
    found = await findTraces(file.name, file, identity);
  } catch {
    return note('bad', `“${file.name}”无法读取。`, '文件可能已被移动、改名或修改，请重新选择。');
  }
  if (found.length === 0) return note('ok', `“${file.name}”：没有发现可识别投标人的信息。`, '');
  const list = el('ul', { class: 'cl' }, ...found.map((trace) => el('li', { class: 'w' }, wordsOf(trace))));
  return note('warn', `“${file.name}”：发现 ${found.length} 处，可能暴露投标人。`, list);
}

const card = maybe('blindcard');
if (card) control(card);
