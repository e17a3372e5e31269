// @ts-check
/** The wallet's own store in this browser: licence files as they came, locked by their passphrases. */

/** @typedef {{uscc: string, name: string, file: Uint8Array}} Kept */

const NAME = 'sunlit-wallet';
const STORE = 'licences';

/** @returns {Promise<IDBDatabase>} */
function opened() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: 'uscc' });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/**
 * @template T
 * @param {IDBTransactionMode} mode
 * @param {(store: IDBObjectStore) => IDBRequest<T>} act
 * @returns {Promise<T>}
 */
async function run(mode, act) {
  const database = await opened();
  try {
    return await new Promise((resolve, reject) => {
      const request = act(database.transaction(STORE, mode).objectStore(STORE));
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  } finally {
    database.close();
  }
}

/** @returns {Promise<Kept[]>} */
export const all = () => run('readonly', (store) => store.getAll());

/** @param {Kept} row */
export const keep = (row) => run('readwrite', (store) => store.put(row));

/** @param {string} uscc */
export const forget = (uscc) => run('readwrite', (store) => store.delete(uscc));
