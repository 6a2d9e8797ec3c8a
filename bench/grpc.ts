/** Unary calls of @grpc/grpc-js, bytes in and bytes out: `grpc.js FOLDER serve` tells its port, `grpc.js FOLDER PORT` its calls a second. */
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

/** What is used of it: it is no dependency of the project. */
interface Grpc {
  Server: new () => {
    addService(definition: object, handlers: Record<string, (call: { request: Buffer }, answer: (error: null, reply: Buffer) => void) => void>): void;
    bindAsync(address: string, credentials: unknown, done: (error: Error | null, port: number) => void): void;
  };
  Client: new (address: string, credentials: unknown) => {
    makeUnaryRequest(path: string, serialize: (b: Buffer) => Buffer, deserialize: (b: Buffer) => Buffer, request: Buffer, done: (error: Error | null) => void): void;
  };
  ServerCredentials: { createInsecure(): unknown };
  credentials: { createInsecure(): unknown };
}

const [installed, what] = process.argv.slice(2);
const grpc = createRequire(join(resolve(installed), 'package.json'))('@grpc/grpc-js') as Grpc;
const same = (bytes: Buffer): Buffer => bytes;
const PATH = '/bench/Ask';
const WARM_UP = 10_000;
const CALLS = 30_000;
const IN_FLIGHT = 64;

if (what === 'serve') {
  const server = new grpc.Server();
  const reply = Buffer.from('3');
  server.addService({
    Ask: { path: PATH, requestStream: false, responseStream: false, requestSerialize: same, requestDeserialize: same, responseSerialize: same, responseDeserialize: same },
  }, { Ask: (_, answer) => answer(null, reply) });
  server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) => {
    if (error !== null) throw error;
    process.send!(port);
  });
} else {
  const client = new grpc.Client(`127.0.0.1:${what}`, grpc.credentials.createInsecure());
  const request = Buffer.from('(+ 1 2)');
  let done = 0;
  let started = 0;
  const call = (): void => client.makeUnaryRequest(PATH, same, same, request, (error) => {
    if (error !== null) throw error;
    if (++done === WARM_UP) started = performance.now();
    if (done === WARM_UP + CALLS) process.send!(Math.round(CALLS / ((performance.now() - started) / 1000)));
    if (done + IN_FLIGHT <= WARM_UP + CALLS) call();
  });
  for (let i = 0; i < IN_FLIGHT; i++) call();
}
