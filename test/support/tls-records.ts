/** A client of TLS 1.3 that seals its own records: what no library sends. */
import { createCipheriv, createHmac } from 'node:crypto';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { authority } from './certificates.js';

/** Content types of records. */
export const HANDSHAKE = 22;
export const APPLICATION = 23;

export interface Sealer {
  /** The bytes of one record, with so many bytes of padding. */
  record(type: number, content: Uint8Array, padding?: number): Buffer;
  /** A KeyUpdate message; what follows is sealed with the next keys. */
  keyUpdate(wantsOne: boolean): Buffer;
}

/** Agrees on TLS with a server of this machine; the socket below it, for sealed records. */
export function sealing(port: number): Promise<{ readonly raw: Socket; readonly sealer: Sealer }> {
  const raw = connectTcp(port, '127.0.0.1');
  const socket = connectTls({ socket: raw, ca: authority('authority').cert, servername: 'localhost', minVersion: 'TLSv1.3', ciphers: 'TLS_AES_128_GCM_SHA256' });
  let secret: Buffer = Buffer.alloc(0);
  socket.on('keylog', (line) => {
    const found = /^CLIENT_TRAFFIC_SECRET_0 \w+ (\w+)/.exec(line.toString());
    if (found !== null) secret = Buffer.from(found[1], 'hex');
  });
  for (const s of [raw, socket]) s.on('error', () => {});
  return new Promise((resolve) => socket.once('secureConnect', () => resolve({ raw, sealer: sealerOf(secret) })));
}

function sealerOf(first: Buffer): Sealer {
  let secret = first;
  let sequence = 0;
  const record = (type: number, content: Uint8Array, padding = 0): Buffer => {
    const header = Buffer.from([APPLICATION, 3, 3, 0, 0]);
    header.writeUInt16BE(content.length + 1 + padding + 16, 3);
    const nonce = expanded(secret, 'iv', 12);
    nonce.writeUInt32BE((nonce.readUInt32BE(8) ^ sequence++) >>> 0, 8);
    const cipher = createCipheriv('aes-128-gcm', expanded(secret, 'key', 16), nonce).setAAD(header);
    return Buffer.concat([header, cipher.update(Buffer.concat([content, Buffer.from([type]), Buffer.alloc(padding)])), cipher.final(), cipher.getAuthTag()]);
  };
  return {
    record,
    keyUpdate: (wantsOne) => {
      const sealed = record(HANDSHAKE, Buffer.from([24, 0, 0, 1, wantsOne ? 1 : 0]));
      secret = expanded(secret, 'traffic upd', 32);
      sequence = 0;
      return sealed;
    },
  };
}

/** HKDF-Expand-Label of RFC 8446 for up to 32 bytes. */
function expanded(secret: Buffer, label: string, bytes: number): Buffer {
  const name = Buffer.from(`tls13 ${label}`);
  return createHmac('sha256', secret).update(Buffer.concat([Buffer.from([0, bytes, name.length]), name, Buffer.from([0, 1])])).digest().subarray(0, bytes);
}
