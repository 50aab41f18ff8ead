// Prints the size of the core with openapi-fetch: bundled, minified and compressed. Fails above the limit, for which the
// list of operations does not count: it grows with the API. Passkeys and sign-in by email take 0.7 kB of it, providers 0.6.
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const LIMIT = 7.5 * 1024;

async function size(plugins = []) {
  const { outputFiles } = await build({
    entryPoints: ["dist/index.js"],
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    write: false,
    plugins,
  });
  return gzipSync(outputFiles[0].contents, { level: 9 }).length;
}

const withoutOperations = {
  name: "without-operations",
  setup({ onLoad }) {
    onLoad({ filter: /dist\/operations\.js$/ }, () => ({
      contents: "export const takesKey = new Set(), isPublic = new Set();",
    }));
  },
};
const [all, counted] = [await size(), await size([withoutOperations])];
console.log(`${all} bytes: the core with openapi-fetch, bundled, minified and gzipped; ${counted} of at most ${LIMIT} without the list of operations`);
process.exitCode = counted > LIMIT ? 1 : 0;
