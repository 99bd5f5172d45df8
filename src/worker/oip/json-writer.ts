/** Bytes of JSON in the making: one growing piece of memory that every response begins anew. */

const INITIAL_BYTES = 16 * 1024;
const SPACE = 32;
const QUOTE = 34;
const BACKSLASH = 92;
const LAST_ASCII = 126;
/** Memory that one huge response has claimed is not kept for the next. */
const MOST_KEPT_BYTES = 1024 * 1024;

/** The fields are public because writers of numbers keep them in locals, after they have reserved their bytes. */
export class JsonWriter {
  bytes = Buffer.allocUnsafeSlow(INITIAL_BYTES);
  at = 0;

  begin(): void {
    if (this.bytes.length > MOST_KEPT_BYTES) this.bytes = Buffer.allocUnsafeSlow(INITIAL_BYTES);
    this.at = 0;
  }

  /** Makes room for `length` bytes more. */
  reserve(length: number): void {
    if (this.at + length <= this.bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(2 * this.bytes.length, this.at + length));
    this.bytes.copy(grown, 0, 0, this.at);
    this.bytes = grown;
  }

  writeBytes(json: Uint8Array): void {
    this.reserve(json.length);
    const { bytes, at } = this;
    // Calling the engine costs as much as some twenty steps of a loop.
    if (json.length > 20) bytes.set(json, at);
    else for (let i = 0; i < json.length; i++) bytes[at + i] = json[i]!;
    this.at = at + json.length;
  }

  writeText(json: string): void {
    this.reserve(3 * json.length);
    this.at += this.bytes.write(json, this.at);
  }

  /** The text as a JSON string. */
  writeString(text: string): void {
    this.reserve(text.length + 2);
    const { bytes, at } = this;
    bytes[at] = QUOTE;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      // Begun as if nothing needed an escape, which is how nearly every id is.
      if (code < SPACE || code > LAST_ASCII || code === QUOTE || code === BACKSLASH) {
        this.writeText(JSON.stringify(text));
        return;
      }
      bytes[at + 1 + i] = code;
    }
    bytes[at + 1 + text.length] = QUOTE;
    this.at = at + 2 + text.length;
  }

  /** What has been written since `begin`, with `extra` uninitialised bytes behind it. */
  finish(extra = 0): Buffer {
    const body = Buffer.allocUnsafe(this.at + extra);
    this.bytes.copy(body, 0, 0, this.at);
    return body;
  }
}
