/** A bucket as people read it; apart, so that it can be said before the SDK is loaded. */
export const s3Place = ({ bucket, prefix }: { readonly bucket: string; readonly prefix: string }): string =>
  `s3://${bucket}/${prefix}`;
