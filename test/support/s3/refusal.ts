/** An answer that is an error, with the code S3 gives it. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message = code) {
    super(message);
    [this.status, this.code] = [status, code];
  }
}

export const refuse = (status: number, code: string, message?: string): never => {
  throw new Refusal(status, code, message);
};
