// @ts-check
/** What went wrong, in words for the person at the screen: what to do first, then the cause, then the consequence. */
import { Offline, Problem } from './api.js';
import { Refusal } from './errors.js';

/** @type {Record<string, string>} */
const WORDS = {
  offline: '网络中断，请检查网络后重试。',
  passphrase: '请重新输入口令：口令不正确，或者密钥文件已损坏。',
  'sbk-passphrase': '请重新输入口令：口令打不开这个解密备份文件。',
  'sbk-format': '请重新选择文件：这不是解密备份文件（.sbk）。',
  'sbk-other': '请重新选择文件：这个解密备份不属于本标段，或者不是最后一次递交时保存的。',
  'resume-none': '请重新加密并上传：平台上没有与这个解密备份对应的、未完成的上传。',
  'resume-form': '请重新填写并加密上传：上次中断时投标函还没有传完，没有可以继续的内容。',
  'resume-file':
    '请重新选择文件：所选文件与上次加密的不是同一份。没有上传任何新内容；如需换用新文件，请重新填写并加密上传。',
  'key-file': '请重新选择文件：这不是所需的密钥文件。',
  key: '请改用平台生成的密钥文件：这个文件的密钥种类或保护强度不符合要求。',
  'file-unreadable': '请重新选择文件：文件在加密过程中被移动、改名或修改，已无法读取。',
  'file-changed': '请重新选择文件：文件在加密过程中被修改。',
  'leaf-mismatch': '请检查网络或更换网络后重试：平台收到的密文与本机的不一致，已停止上传；已收到的内容无法被他人读取。',
  keyset: '请勿继续，并联系平台：平台给出的密钥集与公告的不一致。',
  'keyset-unlogged': '请稍后再试：开标密钥集刚刚公布，公开账本还没有收录。收录之前不加密，投标文件没有离开本机。',
  'keyset-log':
    '请勿继续，并拨打监督电话：平台给出的开标密钥集不在公开账本中，见证人可能被人替换。已停止加密，投标文件没有离开本机。',
  drill: '请选择与平台登记一致的密钥文件：测试分片打不开。',
  unwrap: '请选择递交时使用的密钥：这个密钥打不开您的封装。',
  stanza: '请核对密钥文件：封装中没有给这个密钥的部分。',
  'bidder-secret': '请勿继续，并联系平台：取出的密钥与封装中的承诺不一致。',
  'share-commit': '请勿继续，并联系平台：取出的分片与封装中的承诺不一致。',
  'close-list': '请勿继续，并拨打监督电话：您的投标不在封存清单内。',
  'close-root': '请勿继续，并拨打监督电话：封存清单与公开账本记录的不一致。',
  technical: '请勿继续，并拨打监督电话：第二信封还没有到开启的时候，或者公开账本中没有它的投标人通过技术评审的记录。',
  window: '请稍后再试：投标人的解密窗口还没有关闭。',
  eid: '请勿继续，并拨打监督电话：平台保存的封装与您递交的不一致。',
  'record-shown': '请勿签名，并联系平台：页面显示的记录与平台保存的不一致。请先刷新页面核对。',
  audience: '请核对网址：登录挑战不是发给本站的。',
  unsupported: '当前浏览器不能核验 Ed25519 签名，请改用新版浏览器或离线核验工具。',
  'receipt-signature': '回执的平台签名无效。',
  'receipt-type': '这不是投标接收回执。',
  'entry-digest': '账本条目与回执内容不一致。',
  'checkpoint-format': '账本检查点的格式不正确。',
  'checkpoint-origin': '账本检查点来自另一个账本。',
  'checkpoint-signature': '账本检查点的签名无效。',
  witness: '账本检查点缺少有效的见证签名。',
  'checkpoint-size': '包含证明与检查点的规模不一致。',
  inclusion: '包含证明不成立：记录不在账本中。',
  'json-profile': '文件的格式不符合规定。',
  'pool-order': '名录未按规定排序。',
  'pool-duplicate': '名录中有重复的候选人。',
  'pool-root': '名录与抽取前冻结的不一致。',
  'party-unknown': '有规则之外的人参与了随机数。',
  'party-duplicate': '有人重复参与了随机数。',
  'commit-late': '有承诺晚于截止时间。',
  'commit-mismatch': '揭示的随机数与承诺不一致。',
  beacon: '公共随机数没有得到见证。',
  void: '这次抽取按规则应当作废。',
  'weight-range': '权重超出范围。',
  attempts: '在规定的次数内没有得到符合条件的组合。',
  infeasible: '按给出的条件无法抽取。',
  'result-mismatch': '公布的结果与重新计算的不一致。',
  'replacement-order': '替补没有按规定的次序进行。',
  'key-commit': '公布的密钥打不开这份密文。',
  'chunk-auth': '密文已被改动，无法通过认证。',
  magic: '这不是封装文件。',
};

/**
 * @param {unknown} error
 * @returns {string}
 */
export function explain(error) {
  if (error instanceof Offline) return WORDS.offline;
  if (error instanceof Problem) return error.detail || WORDS[error.code] || `平台没有接受（${error.code}）。`;
  if (error instanceof Refusal && error.code === 'choose') return `${error.detail}。`;
  if (error instanceof Refusal) return WORDS[error.code] ?? `检查没有通过（${error.code}）。`;
  return `本页出现意外错误：${error instanceof Error ? error.message : String(error)}。您的操作没有被记录。`;
}
