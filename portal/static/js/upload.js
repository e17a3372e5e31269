// @ts-check
/**
 * Sealing and uploading one slot, chunk by chunk and several at a time. It is sealed once without sending, so that the
 * envelope id is known and can be kept; sealing again while sending gives the same bytes and needs no room for them. The
 * server's leaf hash of every chunk must be the one computed here. What the server already has is not sent again.
 */
import { Offline, openUpload, putChunk, uploadState } from './api.js';
import { b64u, equal, fromB64u } from './bytes.js';
import { envelopeId, seal, sealChunk } from './envelope.js';
import { must } from './errors.js';
import { pause } from './ui.js';

const WORKERS = 3;
const RETRIES = 4;

/** @typedef {import('./envelope.js').Sealing} Sealing */
/** @typedef {import('./header.js').Source} Source */

/** One slot on its way to the server. */
export class Upload {
  /** @type {string | null} */
  #id = null;
  /** @type {(Uint8Array | undefined)[]} leaf hashes by chunk */
  #leaves;
  /** @type {Set<number>} chunks that the server has acknowledged */
  #held = new Set();

  /**
   * @param {string} lot id of the lot, as addresses have it
   * @param {string} slot
   * @param {Sealing} sealing
   * @param {Source} source
   */
  constructor(lot, slot, sealing, source) {
    this.lot = lot;
    this.slot = slot;
    this.sealing = sealing;
    this.source = source;
    this.#leaves = new Array(sealing.chunks);
    this.onprogress = () => {};
    /** @type {(waiting: boolean) => void} told when a chunk has to be sent again */
    this.onretry = () => {};
    /** @type {() => Promise<void>} resolves when sending may go on */
    this.gate = async () => {};
  }

  /**
   * Seals everything without sending.
   * @param {AbortSignal} signal
   * @param {(done: number) => void} progress plaintext bytes
   * @returns {Promise<Uint8Array>} the envelope id
   */
  async measure(signal, progress) {
    const keep = (/** @type {Uint8Array} */ _, /** @type {number} */ j, /** @type {Uint8Array} */ leaf) => {
      signal.throwIfAborted();
      this.#leaves[j] = leaf;
    };
    return seal(this.sealing, this.source, keep, progress);
  }

  /**
   * Goes on with an upload that an earlier page has opened.
   * @param {string} id
   */
  follow(id) {
    this.#id = id;
    return this;
  }

  /** Plaintext bytes that have arrived, as far as whole chunks tell. */
  get done() {
    return Math.min(this.sealing.size, this.#held.size * this.sealing.chunk);
  }

  /** Bytes of the envelope file. */
  get bytes() {
    return this.sealing.head.length + this.sealing.chunks * (this.sealing.chunk + 16);
  }

  /**
   * Sends what is missing, after `measure` and `open`; may be called again after a failure.
   * @param {AbortSignal} signal
   * @returns {Promise<Uint8Array>} the envelope id
   * @throws {import('./errors.js').Refusal} `leaf-mismatch`, `file-unreadable`, `file-changed`, or what the server says
   */
  async run(signal) {
    const todo = Array.from({ length: this.sealing.chunks }, (_, j) => j).filter((j) => !this.#held.has(j));
    /** @type {unknown} */
    let failure = null;
    const work = async () => {
      while (todo.length > 0 && failure === null) {
        const j = /** @type {number} */ (todo.shift());
        try {
          await this.gate();
          signal.throwIfAborted();
          await this.#send(j, signal);
          this.onprogress();
        } catch (error) {
          failure ??= error;
        }
      }
    };
    await Promise.all(Array.from({ length: WORKERS }, work));
    if (failure !== null) throw failure;
    return envelopeId(this.sealing.headerHash, /** @type {Uint8Array[]} */ (this.#leaves));
  }

  /** Opens the upload, or asks what has arrived of it. */
  async open() {
    if (this.#id === null) {
      const { lot, slot, sealing } = this;
      this.#id = await openUpload({ lot, slot, header: b64u(sealing.head), chunks: sealing.chunks });
      return;
    }
    const { leaves } = await uploadState(this.#id);
    for (const [j, own] of this.#leaves.entries()) {
      if (typeof leaves[j] !== 'string') continue;
      must(own && equal(fromB64u(leaves[j], 32), own), 'leaf-mismatch', `chunk ${j}`);
      this.#held.add(j);
    }
    this.onprogress();
  }

  /**
   * @param {number} j
   * @param {AbortSignal} signal
   */
  async #send(j, signal) {
    const { bytes, leaf } = await sealChunk(this.sealing, this.source, j);
    for (let attempt = 0; ; attempt++) {
      try {
        const theirs = await putChunk(String(this.#id), j, bytes, signal);
        must(equal(theirs, leaf), 'leaf-mismatch', `chunk ${j}`);
        break;
      } catch (error) {
        if (!(error instanceof Offline) || attempt >= RETRIES) throw error;
        this.onretry(true);
        await pause(500 * 2 ** attempt);
      }
    }
    this.onretry(false);
    this.#leaves[j] = leaf;
    this.#held.add(j);
  }
}
