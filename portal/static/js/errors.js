// @ts-check
/**
 * The one error class of the browser's half. Every refusal carries a short machine-readable `code` (the contract that
 * is tested from outside) and a sentence for the person who reads it. Messages never contain secrets.
 */
export class Refusal extends Error {
  /**
   * @param {string} code one of the codes named in docs/spec, such as "key-commit"
   * @param {string} [detail] a sentence for people; never a secret
   */
  constructor(code, detail = '') {
    super(detail ? `${code}: ${detail}` : code);
    this.name = 'Refusal';
    this.code = code;
    this.detail = detail;
  }
}

/**
 * Throws a refusal unless the condition holds.
 * @param {unknown} condition
 * @param {string} code
 * @param {string} [detail]
 * @returns {asserts condition}
 */
export function must(condition, code, detail = '') {
  if (!condition) throw new Refusal(code, detail);
}
