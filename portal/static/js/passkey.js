// @ts-check
/**
 * Passkeys: the browser's authenticator answers a challenge of the server. The private key never leaves it, and neither
 * does a PIN or a fingerprint. Everything else of the page works without this script.
 */
import { Problem, post } from './api.js';
import { b64u, fromB64u } from './bytes.js';
import { note, onPress } from './ui.js';
import { explain } from './words.js';

/** What browsers say when a ceremony does not come about, in words; they tell no more on purpose. */
/** @type {Record<string, string>} */
const REFUSALS = {
  NotAllowedError: '没有完成：您取消了操作，或超过了时间，或这台设备上没有本站的通行密钥。',
  InvalidStateError: '这台设备已经登记过本站的通行密钥，不必再添加。',
  SecurityError: '浏览器拒绝在这个网址使用通行密钥，请核对网址。',
  NotSupportedError: '这台设备不能创建所需的通行密钥，请换一台设备，或使用动态口令。',
  ConstraintError: '这台设备没有设置锁屏密码、指纹或人脸，不能验证本人，请先设置。',
};

/** @param {ArrayBuffer} buffer */
const text = (buffer) => b64u(new Uint8Array(buffer));

/** @param {any} rows ids of credentials as the server lists them */
const listed = (rows) => (rows ?? []).map((/** @type {any} */ row) => ({ ...row, id: fromB64u(row.id) }));

/**
 * Asks the authenticator for a new passkey.
 * @param {any} options
 */
async function create(options) {
  const publicKey = {
    ...options,
    challenge: fromB64u(options.challenge),
    user: { ...options.user, id: fromB64u(options.user.id) },
    excludeCredentials: listed(options.excludeCredentials),
  };
  const made = /** @type {any} */ (await navigator.credentials.create({ publicKey }));
  const { clientDataJSON, attestationObject } = made.response;
  return answer(made, { clientDataJSON: text(clientDataJSON), attestationObject: text(attestationObject) });
}

/**
 * Asks the authenticator for a proof.
 * @param {any} options
 */
async function get(options) {
  const allowCredentials = listed(options.allowCredentials);
  const publicKey = { ...options, challenge: fromB64u(options.challenge), allowCredentials };
  const given = /** @type {any} */ (await navigator.credentials.get({ publicKey }));
  const { clientDataJSON, authenticatorData, signature, userHandle } = given.response;
  return answer(given, {
    clientDataJSON: text(clientDataJSON),
    authenticatorData: text(authenticatorData),
    signature: text(signature),
    ...(userHandle ? { userHandle: text(userHandle) } : {}),
  });
}

/**
 * @param {any} credential
 * @param {Record<string, string>} response
 */
const answer = (credential, response) => ({
  id: credential.id, rawId: text(credential.rawId), type: credential.type, response,
});

/** Only a path of this site is followed, whatever an answer or an address says. @param {string} path */
const own = (path) => (/^\/(?![/\\])/.test(path) ? path : '/');

/** @param {unknown} error */
function words(error) {
  if (error instanceof DOMException) return REFUSALS[error.name] ?? '通行密钥没有完成，请重试。';
  return explain(error);
}

/** @param {HTMLElement} box */
function control(box) {
  const part = (/** @type {string} */ name) => /** @type {HTMLElement} */ (box.querySelector(`[${name}]`));
  const { passkey: kind, door = '', next = '', site } = box.dataset;
  if (!window.PublicKeyCredential || !navigator.credentials) {
    part('data-passkey-no="browser"').hidden = false;
    return;
  }
  if (location.origin !== site) {
    part('data-passkey-no="site"').hidden = false;
    return;
  }
  part('data-passkey-yes').hidden = false;
  const alert = part('data-passkey-err');
  const say = part('data-passkey-say');
  onPress(/** @type {HTMLElement} */ (box.querySelector('button')), async () => {
    alert.hidden = true;
    try {
      say.textContent = '请按设备提示，用指纹、人脸或 PIN 验证本人…';
      const options = await post(`${door}/challenge`, {});
      const credential = kind === 'add' ? await create(options) : await get(options);
      say.textContent = '正在核验…';
      const name = /** @type {HTMLInputElement | null} */ (box.querySelector('input'))?.value ?? '';
      const told = await post(door, kind === 'add' ? { credential, name } : { credential });
      const target = own(next || told.next || '/');
      if (location.pathname === target) location.reload();
      else location.assign(target);
    } catch (error) {
      say.textContent = '';
      if (error instanceof Problem && error.code === 'step-up-required') {
        location.assign(`/step-up?next=${encodeURIComponent(location.pathname)}`);
        return;
      }
      alert.replaceChildren(note('bad', words(error)));
      alert.hidden = false;
    }
  });
}

for (const box of document.querySelectorAll('[data-passkey]')) control(/** @type {HTMLElement} */ (box));
