/** What comes from a server while it copies: content piece by piece, everything else message by message. */
export interface FrameReceiver {
  /** Bytes of a CopyData message that begins with the letter; they are written over when this returns. */
  content(piece: Buffer): void;
  /** Any other message, whole. */
  message(message: Buffer): void;
}

/** Letter and length. */
const HEAD = 5;

const COPY_DATA = 0x64;

/** Messages that may come (protocol-message-formats): RowDescription, DataRow, CommandComplete, CopyOutResponse, CopyData, CopyDone, ParameterStatus, notices and errors, ReadyForQuery. */
const LETTERS = Buffer.from('TDCHdcSNAEZ');

/**
 * Finds the messages in a stream of the protocol, and copies nothing of the content of those whose first byte is `letter`. The first byte it is
 * given begins a message.
 */
export class CopyFrames {
  readonly #letter: number;
  readonly #receiver: FrameReceiver;
  /** Of a message that is not content: what is there of it. */
  #held: Buffer = Buffer.alloc(0);
  /** Bytes of the content that are still to come. */
  #content = 0;

  constructor(letter: number, receiver: FrameReceiver) {
    [this.#letter, this.#receiver] = [letter, receiver];
  }

  /** Fails where no message of the protocol can begin so. */
  take(bytes: Buffer): void {
    for (let at = 0; at < bytes.length;) {
      at += this.#content > 0 ? this.#takeContent(bytes.subarray(at)) : this.#takeMessage(bytes.subarray(at));
    }
  }

  #takeContent(bytes: Buffer): number {
    const piece = bytes.subarray(0, this.#content);
    this.#content -= piece.length;
    this.#receiver.content(piece);
    return piece.length;
  }

  #takeMessage(bytes: Buffer): number {
    const piece = bytes.subarray(0, this.#wanted() - this.#held.length);
    this.#held = Buffer.concat([this.#held, piece]);
    if (this.#held.length === this.#wanted()) this.#finish();
    return piece.length;
  }

  /** How long what is held has to be before it is known what it is: of content its first byte, of everything else all of it. */
  #wanted(): number {
    if (this.#held.length < HEAD) return HEAD;
    const length = lengthOf(this.#held);
    if (this.#held[0] !== COPY_DATA || length === HEAD) return length;
    return this.#held.length === HEAD || this.#isContent() ? HEAD + 1 : length;
  }

  #isContent(): boolean {
    return this.#held[0] === COPY_DATA && this.#held[HEAD] === this.#letter;
  }

  #finish(): void {
    const message = this.#held;
    if (this.#isContent()) this.#content = lengthOf(message) - message.length;
    else this.#receiver.message(message);
    this.#held = Buffer.alloc(0);
  }
}

function lengthOf(held: Buffer): number {
  const length = held.readUInt32BE(1) + 1;
  if (!LETTERS.includes(held[0] as number) || length < HEAD)
    throw new Error('the server sends what is no message of its protocol');
  return length;
}
