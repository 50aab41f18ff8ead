/**
 * Serves Next.js, and adds the client's address to each request.
 *
 * Next.js hides the socket from route handlers, and passes on an `X-Forwarded-For` that a browser has made up. So this server
 * removes all such headers, and sets one of its own from the socket (docs/proxies.md).
 */
import { createServer } from "node:http";
import next from "next";

// Bytes, as in lib/action.ts.
const MAX_BODY = 64 * 1024;
const ADDRESS = "x-client-address";
const NOT_FROM_BROWSERS = [ADDRESS, "forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-port",
  "x-forwarded-proto", "x-real-ip"];

// `lib/settings.ts` reads it. Without this server it is not set, and no header is trusted.
process.env.CLIENT_ADDRESS_HEADER = ADDRESS;
process.env.NEXT_TELEMETRY_DISABLED ??= "1";

const isProduction = process.env.NODE_ENV === "production";
const app = next({ dev: !isProduction });
await app.prepare();
// Next.js has read .env files by now.
const { PORT = "3001", LISTEN_ON = "localhost", CLIENT_ADDRESS_FROM } = process.env;
const missing = ["API_URL", "APP_URL", "PROXY_KEY"].filter((name) => !process.env[name]);
if (missing.length) {
  console.error(`The environment has no ${missing.join(", ")}: see README.md, "Deploy".`);
  process.exit(1);
}

/** Return the client's address: the socket's, or the last one in the header of the reverse proxy in front. */
function addressOf({ headers, socket }) {
  if (!CLIENT_ADDRESS_FROM) return (socket.remoteAddress ?? "").replace(/^::ffff:/, "");
  return String(headers[CLIENT_ADDRESS_FROM.toLowerCase()] ?? "").split(",").at(-1).trim();
}

const handle = app.getRequestHandler();
const server = createServer((request, response) => {
  // Next.js keeps the body of a request in memory, whatever its size. Forms have a length, and are short.
  const isTooLarge = Number(request.headers["content-length"] ?? 0) > MAX_BODY || "transfer-encoding" in request.headers;
  if (isTooLarge || !request.url.startsWith("/")) {
    response.writeHead(isTooLarge ? 413 : 400, { Connection: "close" }).end();
    return;
  }
  const address = addressOf(request);
  for (const name of NOT_FROM_BROWSERS) delete request.headers[name];
  request.headers[ADDRESS] = address;
  handle(request, response);
});
server.on("error", (error) => {
  console.error(error.code === "EADDRINUSE" ? `Port ${PORT} is in use. Choose another one: PORT and APP_URL, or APP_PORT with make example.` : error);
  process.exit(1);
});
server.listen(Number(PORT), LISTEN_ON, () => console.log(`Listening at ${process.env.APP_URL}`));
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => {
    // Requests in hand are answered first. In development, browsers keep a connection open.
    server.close(() => process.exit(0));
    setTimeout(() => process.exit(0), isProduction ? 10_000 : 0);
  });
}
