/** Peers that do not speak TLS, or nothing at all. */
import { createServer, type Server, type Socket } from 'node:net';

/** A TCP server that does `talk` with whoever connects. */
export async function rawServer(talk: (socket: Socket) => void): Promise<{ port: number; server: Server }> {
  const server = createServer({ allowHalfOpen: true }, (socket) => { socket.on('error', () => {}); talk(socket); });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, port: (server.address() as { port: number }).port };
}
