/** What comes from a server while COPY … TO STDOUT runs. */
export interface CopyOutReceiver {
  /** Content: `bytes` from `start` to `end`, which are written over when this returns. */
  content(bytes: Buffer, start: number, end: number): void;
  /** Any other message, whole. */
  message(message: Buffer): void;
}

/** Letter and length. */
const HEAD = 5;

const COPY_DATA = 0x64;

/** Messages that may come (protocol-message-formats): CopyOutResponse, CopyData, CopyDone, CommandComplete, ParameterStatus, notices, notifications and errors, ReadyForQuery. */
const LETTERS = Buffer.from('HdcCSNAEZ');

/**
 * Takes the messages of COPY … TO STDOUT apart, which are as many as there are rows: a million of some 300 bytes cost 0.1 s here, and 0.9 s in pg,
 * which makes an object of each. The first byte it is given begins a message.
 */
export class CopyOutFrames {
  readonly #receiver: CopyOutReceiver;
  /** Bytes of the content that are still to come. */
  #content = 0;
  /** What is there of a message that is not content, or of the head of one. */
  #held: Buffer = Buffer.alloc(0);

  constructor(receiver: CopyOutReceiver) {
    this.#receiver = receiver;
  }

  /** Fails where no message of the protocol can begin so. */
  take(bytes: Buffer): void {
    for (let at = 0; at < bytes.length;) {
      if (this.#content > 0) at = this.#takeContent(bytes, at);
      else if (this.#held.length === 0 && bytes[at] === COPY_DATA && at + HEAD <= bytes.length) {
        this.#content = bytes.readUInt32BE(at + 1) - 4;
        at += HEAD;
      } else at = this.#takeMessage(bytes, at);
    }
  }

  #takeContent(bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + this.#content);
    this.#content -= end - at;
    this.#receiver.content(bytes, at, end);
    return end;
  }

  #takeMessage(bytes: Buffer, at: number): number {
    const piece = bytes.subarray(at, at + this.#wanted() - this.#held.length);
    this.#held = Buffer.concat([this.#held, piece]);
    if (this.#held.length === this.#wanted()) this.#finish();
    return at + piece.length;
  }

  #wanted(): number {
    if (this.#held.length < HEAD || this.#held[0] === COPY_DATA) return HEAD;
    const length = this.#held.readUInt32BE(1) + 1;
    if (!LETTERS.includes(this.#held[0] as number) || length < HEAD)
      throw new Error('the server sends what is no message of its protocol');
    return length;
  }

  #finish(): void {
    const message = this.#held;
    this.#held = Buffer.alloc(0);
    if (message[0] === COPY_DATA) this.#content = message.readUInt32BE(1) - 4;
    else this.#receiver.message(message);
  }
}
