// The tiny app on the JavaScript server: NODE_PATH=env/node/node_modules node app.js PORT
const http = require('http').createServer((req, res) => {
  res.setHeader('Content-Length', 5);
  res.end('hello');
});
const io = new (require('socket.io').Server)(http);
io.on('connection', (socket) => {
  socket.on('echo', (data, ack) => ack(data));
  socket.on('bounce', (data) => socket.emit('bounced', data));
  socket.on('shout', (data) => io.emit('shouted', data));
  socket.on('join', (room, ack) => { socket.join(room); if (ack) ack(); });
  socket.on('room', ([room, data]) => io.to(room).emit('roomed', data));
});
http.listen(Number(process.argv[2]), '127.0.0.1');
