// Runs Azurite in this process, so that its parent can end it in every way:
//   - its output goes to a file, because Azurite dies of a closed pipe;
//   - Ctrl+C in the terminal, which reaches every process of it, is left to the parent;
//   - the line "stop" on stdin closes it in order; with --dieWithParent so does the end of stdin, which even a killed parent causes.
// Called as: node start.js <log file> [--dieWithParent] <options of azurite>
const fs = require('node:fs');

const [log, ...options] = process.argv.slice(2);
const dieWithParent = options[0] === '--dieWithParent';
process.argv = [process.argv[0], process.argv[1], ...options.slice(dieWithParent ? 1 : 0)];

const write = (chunk, encoding, done) => {
  fs.appendFileSync(log, chunk);
  (typeof encoding === 'function' ? encoding : done)?.();
  return true;
};
process.stdout.write = write;
process.stderr.write = write;

// A server that closes waits for its clients to hang up; ours keep connections open until they end themselves.
const { Server } = require('node:http');
const close = Server.prototype.close;
Server.prototype.close = function (done) {
  const closing = close.call(this, done);
  this.closeIdleConnections();
  setTimeout(() => this.closeAllConnections(), 500);
  return closing;
};

const once = process.once;
process.once = (event, listener) => event === 'SIGINT' ? process : once.call(process, event, listener);
process.on('SIGINT', () => {});

const stop = () => {
  process.stdin.destroy();
  if (!process.emit('SIGTERM')) process.exit();
};
process.stdin.on('data', line => { if (String(line).includes('stop')) stop(); });
process.stdin.on('end', () => { if (dieWithParent) stop(); });

require('azurite/dist/src/azurite.js');
