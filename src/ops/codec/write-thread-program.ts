/** Bytes are handed to the thread in blocks of this size: a message costs some 10 µs, and a block takes it a millisecond. */
export const BLOCK = 1 << 20;

/** Blocks there are; when all of them are on their way, whoever writes waits. More were no faster. */
export const BLOCKS = 8;

/** Memory that is nobody else's meanwhile, and where a block of it begins. */
export interface Memory {
  readonly memory: ArrayBuffer;
  readonly at: number;
}

/** So many bytes of the block are to be written; null: the end. */
export type Asked = (Memory & { readonly bytes: number }) | null;

/** A block to be filled; the hash of everything; what the system refused. */
export type Told = Memory | string | { readonly code: string; readonly message: string };

/**
 * What the thread runs, with the descriptor of the file as its data: it hashes one block while up to four are on their way to the disk. Text instead
 * of a module, since the program is one file when it is bundled and many when it is not; what it asks and tells are {@link Asked} and {@link Told}.
 *
 * Where the file system can do it (open(2), O_DIRECT) blocks go to the disk without a copy in the system's memory: everything is synced at the end
 * anyway, the copy costs more CPU than half of SHA-256 (some 0.3 s of 500 MB, and 1.3 s where the machine has no free memory at hand), and would
 * drive what the server reads out of memory. Such writes need memory, places and lengths the device likes. Where memory begins cannot be asked
 * in JavaScript, so it is tried: 4080 is right for what malloc of glibc maps, whose header has 16 bytes. What does not fit, as a rule only the last
 * block, goes the usual way, and where no place fits everything does.
 */
export const PROGRAM = `
const { parentPort, workerData: file } = require('node:worker_threads');
const { closeSync, constants, ftruncateSync, openSync, write, writeSync } = require('node:fs');
const hash = require('node:crypto').createHash('sha256');
const PAGE = 4096;

let direct = openDirect();
for (let made = 0; made < ${BLOCKS}; made += 1) {
  const memory = new ArrayBuffer(${BLOCK} + PAGE);
  tellFree({ memory, at: direct === null ? 0 : findPlace(memory) });
}
// What was tried.
ftruncateSync(file, 0);

let position = 0;
let running = 0;
let refused = false;
let ending = false;

parentPort.on('message', (asked) => {
  if (asked === null) return end();
  if (refused) return;
  put(asked, position);
  position += asked.bytes;
  hash.update(new Uint8Array(asked.memory, asked.at, asked.bytes));
});

function openDirect() {
  try {
    return openSync('/proc/self/fd/' + file, constants.O_WRONLY | constants.O_DIRECT);
  } catch {
    return null;
  }
}

function findPlace(memory) {
  for (let tried = 0; tried < PAGE / 16; tried += 1) {
    const at = (PAGE - 16 + tried * 16) % PAGE;
    try {
      writeSync(direct, new Uint8Array(memory, at, PAGE), 0, PAGE, 0);
      return at;
    } catch {}
  }
  dropDirect();
  return 0;
}

function dropDirect() {
  if (direct !== null) closeSync(direct);
  direct = null;
}

function put({ memory, at, bytes }, place) {
  const way = direct !== null && place % PAGE === 0 && bytes % PAGE === 0 ? direct : file;
  running += 1;
  // The system may take less than it was given.
  const go = (done) => write(way, new Uint8Array(memory, at, bytes), done, bytes - done, place + done, (error, taken) => {
    if (error !== null) return refuse(error);
    if (done + taken < bytes) return go(done + taken);
    running -= 1;
    tellFree({ memory, at });
    if (ending) end();
  });
  go(0);
}

function tellFree(block) {
  parentPort.postMessage(block, [block.memory]);
}

function refuse({ code, message }) {
  if (!refused) parentPort.postMessage({ code, message });
  refused = true;
}

function end() {
  ending = true;
  if (running > 0 || refused) return;
  dropDirect();
  parentPort.postMessage(hash.digest('hex'));
}
`;
