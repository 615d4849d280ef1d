// The tiny app on Bun's engine: NODE_PATH=env/bun/node_modules bun app_bun.js PORT
import { Server as Engine } from '@socket.io/bun-engine';
import { Server } from 'socket.io';

const io = new Server();
const engine = new Engine({ path: '/socket.io/' });
io.bind(engine);
io.on('connection', (socket) => {
  socket.on('echo', (data, ack) => ack(data));
  socket.on('bounce', (data) => socket.emit('bounced', data));
  socket.on('shout', (data) => io.emit('shouted', data));
  socket.on('join', (room, ack) => { socket.join(room); if (ack) ack(); });
  socket.on('room', ([room, data]) => io.to(room).emit('roomed', data));
});
const handler = engine.handler();
export default {
  port: Number(process.argv[2]),
  hostname: '127.0.0.1',
  idleTimeout: 30,
  maxRequestBodySize: handler.maxRequestBodySize,
  websocket: handler.websocket,
  fetch(request, server) {
    if (new URL(request.url).pathname.startsWith('/socket.io/')) return handler.fetch(request, server);
    return new Response('hello');
  },
};
